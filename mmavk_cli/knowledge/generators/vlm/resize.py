"""How large a model sees a picture, and which pictures look the same."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

PATCH = 28
"""Pixels a side of a visual token: Qwen2-VL merges 2 x 2 patches of 14 (arXiv 2409.12191, section 2.1)."""

FEWEST = 4
"""Visual tokens of the smallest picture; the model was not trained on less."""

LONGEST_TO_SHORTEST = 100
"""A side that is more times longer than the other is squeezed; Qwen2-VL's own processor refuses over 200."""

_SIDE = 16
"""Cells a side in a picture's look: 16 rows of 16 comparisons."""

NEAR = 0.2
"""Share of the bits set in either of two looks in which copies of one picture may differ; others differ in most."""

_EDGE = 2
"""Steps of 255 by which a cell is brighter than its neighbour for the bit to be set: less is noise."""


def fitted(width: int, height: int, most: int) -> tuple[int, int]:
    """Width and height (multiples of 28 pixels) at which a picture has at most `most` visual tokens, in its own shape
    as nearly as whole tokens allow; it is not enlarged, but for the smallest.
    """
    width = max(width, math.ceil(height / LONGEST_TO_SHORTEST))
    height = max(height, math.ceil(width / LONGEST_TO_SHORTEST))
    columns, rows = max(1, round(width / PATCH)), max(1, round(height / PATCH))
    if columns * rows > most:
        shrink = math.sqrt(width * height / (most * PATCH * PATCH))
        columns = max(1, math.floor(width / shrink / PATCH))
        rows = max(1, math.floor(height / shrink / PATCH))
    elif columns * rows < FEWEST:
        grow = math.sqrt(FEWEST * PATCH * PATCH / (width * height))
        columns, rows = math.ceil(width * grow / PATCH), math.ceil(height * grow / PATCH)
    rows = min(rows, most)
    return min(columns, most // rows) * PATCH, rows * PATCH


def visual_tokens(width: int, height: int) -> int:
    """How many visual tokens a picture of a fitted size has."""
    return width * height // (PATCH * PATCH)


def shrunk(image: "Image", most: int) -> "Image":
    """The picture at the size in which a model sees it, with at most `most` visual tokens."""
    from PIL.Image import Resampling

    size = fitted(image.width, image.height, most)
    return image if size == image.size else image.resize(size, Resampling.BICUBIC)


def look(image: "Image") -> int:
    """A picture's look in 256 bits: in 16 x 16 cells, whether each is brighter than its left neighbour (a difference
    hash). Copies that were scaled or compressed again differ in few bits; a picture of one colour has no bit set.
    """
    from PIL.Image import Resampling

    cells = image.convert("L").resize((_SIDE + 1, _SIDE), Resampling.BOX, reducing_gap=2.0).tobytes()
    bits = 0
    for row in range(_SIDE):
        for column in range(_SIDE):
            at = row * (_SIDE + 1) + column
            bits = bits << 1 | (cells[at + 1] > cells[at] + _EDGE)
    return bits


def alike(first: int, second: int) -> bool:
    """Whether two looks are of copies of one picture."""
    return (first ^ second).bit_count() <= NEAR * (first | second).bit_count()


@dataclass(frozen=True, slots=True)
class Looks:
    """A picture's bytes (their digest) and its look; the look is None where it cannot be decoded."""

    subject: str
    look: int | None


def placeholders(files: Sequence[Looks], times: int) -> dict[str, str]:
    """Subject → why it is a placeholder: the same bytes, or the same look, in at least `times` files. Empty for 0.

    A picture of one colour looks like every other of its kind and is never one for its look alone.
    """
    if not times:
        return {}
    by_bytes = Counter(file.subject for file in files)
    found = {subject: f"the same bytes in {n} files" for subject, n in by_bytes.items() if n >= times}
    by_look = Counter(file.look for file in files if file.look)
    seeds = [(one, n) for one, n in by_look.most_common(_SEEDS) if n > 1]
    for seed, _ in seeds:
        near = {other for other in by_look if alike(other, seed)}
        number = sum(by_look[other] for other in near)
        if number >= times:
            for file in files:
                if file.look in near:
                    found.setdefault(file.subject, f"the same look in {number} files")
    return found


_SEEDS = 64
"""Looks that are tried as the placeholder, those that come most often first."""
