"""Colours of types: the paper's four have their own everywhere, every other one gets its place in the list of types."""

from collections.abc import Iterable

from mmavk_cli.base.records import TYPES
from mmavk_cli.spans import in_order

GOLDEN = 137.5
"""Degrees between the hues of neighbours: however many there are, none comes near the one before."""

FIRST_HUE = 25
OWN = "own"
"""The class of every type that is not the paper's."""


class Colours:
    """Classes and hues of types on a page; types that are not in the list are added as they are met."""

    def __init__(self, types: Iterable[str] = ()) -> None:
        own = [kind for kind in in_order(types) if kind not in TYPES]
        self._places = {kind: place for place, kind in enumerate(own)}

    def place(self, kind: str) -> int | None:
        """The number of a type among those that are not the paper's; None for the paper's."""
        return None if kind in TYPES else self._places.setdefault(kind, len(self._places))

    def css_class(self, kind: str) -> str:
        """The class of a type's ground: no word of the data, lest a type be called as a class of the page."""
        return kind if kind in TYPES else OWN

    def hue(self, kind: str) -> str:
        """The style that goes with the class; empty for the paper's types."""
        place = self.place(kind)
        return "" if place is None else f"--hue:{(FIRST_HUE + GOLDEN * place) % 360:.0f}"
