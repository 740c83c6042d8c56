"""Where a tagger errs: the wrong boundary, the wrong type, both, a name missed, a name made up."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mmavk_cli.base.records import Span
from mmavk_cli.report.metrics.counts import Spans

NONE = "none"
"""Stands for no name: the gold type of a spurious name, the found type of a missed one."""

KINDS = ("correct", "boundary", "type", "both", "missed", "spurious")

Pair = tuple[Span | None, Span | None]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Each name of the gold and each name found, in one pair at most.

    gold = correct + boundary + type + both + missed; found = correct + boundary + type + both + spurious.
    `boundary` and `both` overlap without being the same words, `type` and `both` have another type. `types` counts
    the pairs: gold type → found type → how many.
    """

    correct: int
    boundary: int
    type: int
    both: int
    missed: int
    spurious: int
    types: dict[str, dict[str, int]]


def confusion(gold: Spans, found: Spans) -> Confusion:
    """Pair the names of each post and count the pairs."""
    kinds: Counter[str] = Counter()
    types: Counter[tuple[str, str]] = Counter()
    for true, made in zip(gold, found, strict=True):
        for pair in pairs(true, made):
            kinds[kind(pair)] += 1
            types[_type(pair[0]), _type(pair[1])] += 1
    names = sorted({name for pair in types for name in pair}, key=lambda name: (name == NONE, name))
    rows: dict[str, dict[str, int]] = {}
    for one, other in sorted(types, key=lambda pair: (names.index(pair[0]), names.index(pair[1]))):
        rows.setdefault(one, {})[other] = types[one, other]
    return Confusion(**{name: kinds[name] for name in KINDS}, types=rows)


def pairs(gold: Sequence[Span], found: Sequence[Span]) -> Iterator[Pair]:
    """The same words first, then the widest overlap, of equally wide ones that of the same type, then the leftmost."""
    open_gold, open_found = set(gold), set(found)
    for true, made in sorted(((true, made) for true in gold for made in found if overlap(true, made)), key=_rank):
        if true in open_gold and made in open_found:
            open_gold.remove(true)
            open_found.remove(made)
            yield true, made
    yield from ((true, None) for true in sorted(open_gold))
    yield from ((None, made) for made in sorted(open_found))


def overlap(one: Span, other: Span) -> int:
    """Words that two spans share."""
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def kind(pair: Pair) -> str:
    """Which of `KINDS` a pair is."""
    true, made = pair
    if true is None or made is None:
        return "spurious" if true is None else "missed"
    same_words, same_type = (true.start, true.end) == (made.start, made.end), true.type == made.type
    if same_words:
        return "correct" if same_type else "type"
    return "boundary" if same_type else "both"


def _rank(pair: tuple[Span, Span]) -> tuple[bool, int, bool, Span, Span]:
    true, made = pair
    same = (true.start, true.end) == (made.start, made.end)
    return not same, -overlap(true, made), true.type != made.type, true, made


def _type(span: Span | None) -> str:
    return span.type if span else NONE
