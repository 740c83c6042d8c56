"""A post's text cut into what stands between names and the names themselves: the gold's beside those that were found.

A name that was found has a ground, a name of the gold has a line under it; a name that is right has both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mmavk_cli.base.records import Entity
from mmavk_cli.report.metrics.confusion import kind, pairs

CORRECT = "correct"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a mark: the type that was found over it and that of the gold, empty where there is none."""

    text: str
    found: str
    gold: str


@dataclass(frozen=True, slots=True)
class Label:
    """What happened, as one of `confusion.KINDS`, to a name of type `type` (in the gold: `gold`).

    `score` is None and `found` empty where nothing was found; `gold_text` is the gold's text where its words differ.
    """

    kind: str
    found: str
    score: float | None
    gold: str
    gold_text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Names that overlap, as one: its pieces in order, and a label a pair of names."""

    pieces: tuple[Piece, ...]
    labels: tuple[Label, ...]

    @property
    def right(self) -> bool:
        """Nothing is wrong with it."""
        return all(label.kind == CORRECT for label in self.labels)


def labels_of(found: Sequence[Entity], gold: Sequence[Entity] | None) -> list[Label]:
    """Each name found and each of the gold, in one label; without gold every name found counts as right."""
    if gold is None:
        return [Label(CORRECT, one.type, one.score, "", "") for one in found]
    made = {one.span: one for one in found}
    true = {one.span: one for one in gold}
    labels = []
    for pair in pairs(list(true), list(made)):
        was = true[pair[0]] if pair[0] else None
        now = made[pair[1]] if pair[1] else None
        labels.append(_label(kind(pair), now, was))
    return labels


def marked(text: str, found: Sequence[Entity], gold: Sequence[Entity] | None) -> Iterator[str | Mark]:
    """The whole text in order: plain stretches, and marks."""
    at = 0
    for names, true in _clusters(found, gold or ()):
        start = min(one.start for one in (*names, *true))
        end = max(one.end for one in (*names, *true))
        if start > at:
            yield text[at:start]
        edges = sorted({edge for one in (*names, *true) for edge in (one.start, one.end)})
        pieces = [Piece(text[low:high], _type_at(names, low), _type_at(true, low)) for low, high in pairwise(edges)]
        yield Mark(tuple(pieces), tuple(labels_of(names, None if gold is None else true)))
        at = end
    if at < len(text):
        yield text[at:]


def _clusters(found: Sequence[Entity], gold: Sequence[Entity]) -> Iterator[tuple[list[Entity], list[Entity]]]:
    """Names that overlap, directly or through others, from left to right."""
    names: list[Entity] = []
    true: list[Entity] = []
    end = 0
    whole = [(one.start, one.end, False, one) for one in found]
    whole += [(one.start, one.end, True, one) for one in gold]
    for start, stop, is_gold, one in sorted(whole, key=lambda row: row[:3]):
        if (names or true) and start >= end:
            yield names, true
            names, true = [], []
        (true if is_gold else names).append(one)
        end = max(end, stop)
    if names or true:
        yield names, true


def _type_at(names: Sequence[Entity], place: int) -> str:
    return next((one.type for one in names if one.start <= place < one.end), "")


def _label(what: str, now: Entity | None, was: Entity | None) -> Label:
    apart = now is not None and was is not None and (now.start, now.end) != (was.start, was.end)
    return Label(
        what,
        now.type if now else "",
        now.score if now else None,
        was.type if was else "",
        was.text if was and apart else "",
    )
