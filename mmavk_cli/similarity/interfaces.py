"""What every scorer offers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from mmavk_cli.base.records import Json

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray
    from PIL.Image import Image


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


class PictureModel(Protocol):
    """Sees pictures and texts as unit vectors of one space (CLIP); it is asked for each picture and text once."""

    @property
    def facts(self) -> Json:
        """All that decides a vector: `model`, `weights` (a digest), `arithmetic`, `preprocess`, `versions`."""
        ...

    def prepared(self, image: "Image") -> Any:
        """A picture (RGB) made ready, by any thread."""
        ...

    def pictures(self, prepared: Sequence[Any]) -> "NDArray[float32]":
        """Unit vectors of pictures, [pictures, D]."""
        ...

    def texts(self, texts: Sequence[str]) -> "tuple[NDArray[float32], list[bool]]":
        """Unit vectors of texts, [texts, D], and which were longer than the model reads."""
        ...
