"""Which lines of a picture's text the tagger reads, where there are more than it has room for.

What is read in a picture is stored once, whatever the post; what matters of it depends on the post, so it is chosen
when the post is tagged: lines that share words with the post, then lines with names, as far as capitals tell.
"""

import re
from collections.abc import Callable

from mmavk_cli.knowledge.generators.ocr import SENTENCE

ROOM = 160
"""Characters that are kept; about what the shipped tagger reads of knowledge."""

_OPENING = SENTENCE.format(words="")
_WORD = re.compile(r"\w+")
_SHORT = 3
"""Shorter words are in every post."""


def chosen(text: str, post: str, unread: Callable[[str], tuple[str, ...]] = lambda _: ()) -> tuple[str, int]:
    """The text with the lines that say most, in reading order, and how many lines were left out.

    Args:
        text: knowledge; any that is not the sentence about a picture's words stays as it is.
        post: the post's text.
        unread: the scripts of a text that the model does not read; lines in them are no knowledge.
    """
    if not text.startswith(_OPENING):
        return text, 0
    lines = text.removeprefix(_OPENING).split("\n")
    groups = _groups([line for line in lines if not unread(line)])
    if sum(map(len, groups)) > ROOM:
        groups = _best(groups, post)
    if not groups:
        return "", len(lines)
    kept = sum(group.count("\n") + 1 for group in groups)
    return _OPENING + " ".join(groups).replace("\n", " "), len(lines) - kept


def _groups(lines: list[str]) -> list[str]:
    """Lines that go on in the next, which begins in small letters, together: a sentence is not torn."""
    groups: list[str] = []
    for line in lines:
        if groups and line[:1].islower() and len(groups[-1]) + len(line) < ROOM:
            groups[-1] += f"\n{line}"
        else:
            groups.append(line)
    return groups


def _best(groups: list[str], post: str) -> list[str]:
    """The groups that say most and fit, in the order given; the first of them where none fits."""
    shared = {word for word in _WORD.findall(post.lower()) if len(word) >= _SHORT}

    def weight(group: str) -> float:
        words = _WORD.findall(group)
        names = sum(word[0].isupper() and len(word) >= _SHORT for word in words)
        near = sum(word.lower() in shared for word in words)
        return float((names + 3 * near) / max(1, len(words)) + min(near, 1))

    order = sorted(range(len(groups)), key=lambda number: -weight(groups[number]))
    room, kept = ROOM, set[int]()
    for number in order:
        if len(groups[number]) <= room:
            kept.add(number)
            room -= len(groups[number]) + 1
    return [groups[number] for number in sorted(kept)] or [groups[order[0]][:ROOM]]
