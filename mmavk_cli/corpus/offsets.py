"""Offsets counted in other units than Unicode characters: as ours, and a hint where a file seems to have them."""

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from mmavk_cli.base.records import Word

Unit = Literal["codepoint", "utf16", "byte"]
OURS: Unit = "codepoint"

UNIT_NAMES: dict[Unit, str] = {
    "codepoint": "Unicode characters", "utf16": "UTF-16 units (JavaScript, Java)", "byte": "bytes of UTF-8",
}  # fmt: skip
_ENCODINGS: dict[Unit, tuple[str, int]] = {
    "codepoint": ("utf-32-le", 4), "utf16": ("utf-16-le", 2), "byte": ("utf-8", 1),
}  # fmt: skip
"""How each unit encodes a text, and the bytes of one."""

Range = tuple[int, int]
"""[start, end) in a text."""


def characters_at(text: str, unit: Unit) -> dict[int, int]:
    """Offset in `unit` → offset in characters, for every place between two characters."""
    encoding, size = _ENCODINGS[unit]
    found, at = {0: 0}, 0
    for number, character in enumerate(text, 1):
        at += len(character.encode(encoding, "surrogatepass")) // size
        found[at] = number
    return found


def hint(text: str, words: Sequence[Word], ranges: Sequence[Range]) -> tuple[Unit, list[Range]] | None:
    """The other unit in which all ranges begin and end where words do, and the ranges in it; None where they do so as
    they are, or in no unit.

    Where both fit, the other one is taken if more of its names begin with a capital.
    """
    if text.isascii() or not ranges:
        return None
    starts = {word.start for word in words}
    ends = {word.end for word in words}
    fits = all(start in starts and end in ends for start, end in ranges)
    for unit in get_args(Unit):
        if unit == OURS:
            continue
        at = characters_at(text, unit)
        moved = [(at.get(start, -1), at.get(end, -1)) for start, end in ranges]
        if moved == list(ranges) or not all(start in starts and end in ends and start < end for start, end in moved):
            continue
        if not fits or _capitals(text, moved) > _capitals(text, ranges):
            return unit, moved
    return None


def _capitals(text: str, ranges: Iterable[Range]) -> int:
    return sum(text[start : start + 1].isupper() for start, _ in ranges)
