"""A post's text for people: cut at its names, and without characters that act on a screen."""

from collections.abc import Iterator
from unicodedata import category

from mmavk_cli.base.records import Entity, Tagged

ACTING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows, beyond the text they stand in."""


def stretches(tagged: Tagged) -> Iterator[tuple[str, Entity | None]]:
    """The whole text in order, each name with its entity; empty stretches are left out."""
    at = 0
    for entity in tagged.entities:
        if entity.start > at:
            yield tagged.post.text[at : entity.start], None
        yield entity.text, entity
        at = entity.end
    if at < len(tagged.post.text):
        yield tagged.post.text[at:], None


def visible(text: str, kept: str = "") -> str:
    """The text with every control character (escape sequences of a terminal begin with one) as a sign that can be seen,
    line ends and tabs as spaces, and without characters that turn the direction. Those in `kept` stay.
    """
    if text.isprintable():  # nothing to do, and twenty times as fast
        return text
    signs = {ord(character): _sign(character) for character in set(text).difference(kept)}
    return text.translate(signs)


def _sign(character: str) -> str:
    if character in ACTING:
        return ""
    if character in "\t\n\v\f\r\x85\u2028\u2029":
        return " "
    kind = category(character)
    if kind not in {"Cc", "Cs"}:
        return character
    code = ord(character)
    if code < 0x20:  # noqa: PLR2004 (ASCII)
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\ufffd"  # noqa: PLR2004 (ASCII)
