"""What a tagger asks of a store of pictures' features."""

from typing import Protocol

from mmavk_cli.base.records import Visual


class Features(Protocol):
    """Features of pictures, all of one kind.

    Attributes:
        recipe: the id of what made them.
    """

    recipe: str

    def of(self, picture: str) -> Visual | None:
        """The features of the picture with this digest; None where there are none."""
