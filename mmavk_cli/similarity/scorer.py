"""What every scorer offers."""

from collections.abc import Sequence
from typing import Protocol


class Scorer(Protocol):
    """Says how related posts and the knowledge about their pictures are (paper, equations 2 to 4, are CLIP's)."""

    @property
    def id(self) -> str:
        """Tagged digest of all that decides a score: weights and form. Part of a similarity's key in the store."""
        ...

    def score(self, posts: Sequence[str], knowledge: Sequence[str]) -> list[float]:
        """Similarity in [-1, 1] of each post with the knowledge at the same place; 0 where a side says nothing.

        Raises:
            ValueError: the two are not equally many.
        """
        ...
