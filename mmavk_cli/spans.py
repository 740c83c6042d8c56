"""Tags ↔ spans ↔ character offsets, in IOB2."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from mmavk_cli.base.records import TYPES, Entity, Post, Span, Word

_LINE_END = re.compile(r"[\n-\r\x1c-\x1e\x85\u2028\u2029]")


def tag_names(types: Sequence[str]) -> tuple[str, ...]:
    """All tags of a type list: `O`, then `B-X`, `I-X` a type."""
    return ("O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI"))


def in_order(types: Iterable[str]) -> tuple[str, ...]:
    """Types in the order of checkpoints and tables: the paper's four first, then the others by name."""
    met = set(types)
    return (*(kind for kind in TYPES if kind in met), *sorted(met.difference(TYPES)))


def listed(types: Iterable[str]) -> tuple[str, ...]:
    """Types as tables of data list them: where one of the paper's four is there, all four are."""
    met = set(types)
    return in_order(met.union(TYPES) if met.intersection(TYPES) else met)


def types_of(tags: Iterable[str]) -> tuple[str, ...]:
    """The types of a tag list, in its order."""
    return tuple(dict.fromkeys(split_tag(tag)[1] for tag in tags if tag != "O"))


def split_tag(tag: str) -> tuple[str, str]:
    """`B-PER` → (`B`, `PER`); `O` → (`O`, ``)."""
    prefix, _, kind = tag.partition("-")
    return prefix, kind


def strict_spans(tags: Sequence[str]) -> list[Span]:
    """Entities in strict IOB2 (seqeval `mode="strict"`): an I- that continues nothing is no entity."""
    spans: list[Span] = []
    start, current = 0, ""
    for index, tag in enumerate((*tags, "O")):
        prefix, kind = split_tag(tag)
        if current and not (prefix == "I" and kind == current):
            spans.append(Span(start, index, current))
            current = ""
        if prefix == "B":
            start, current = index, kind
    return spans


def lenient_spans(tags: Sequence[str]) -> list[Span]:
    """Entities by the conlleval rule (seqeval's default): an I- that continues nothing begins an entity."""
    return strict_spans(repaired(tags))


def adaseq_spans(tags: Sequence[str]) -> list[Span]:
    """Entities as AdaSeq's reader builds them, behind the numbers of MoRe and PGIM: an I- that follows an O begins one,
    one of another type goes on with the entity before it, and the last tag's type is the whole entity's.

    Source: modelscope/AdaSeq, named_entity_recognition_dataset_builder.py.
    """
    prefixes = [split_tag(tag)[0] for tag in tags]
    spans: list[Span] = []
    for end, pair in enumerate(zip(prefixes, [*prefixes, "O"][1:], strict=True)):
        if pair[0] == "O" or pair[1] == "I":
            continue
        start = end
        while prefixes[start] == "I" and start > 0 and prefixes[start - 1] != "O":
            start -= 1
        spans.append(Span(start, end + 1, split_tag(tags[end])[1]))
    return spans


def repaired(tags: Sequence[str]) -> list[str]:
    """The same entities as the conlleval rule reads, written in valid IOB2."""
    fixed: list[str] = []
    before = ("O", "")
    for tag in tags:
        prefix, kind = split_tag(tag)
        if prefix == "I" and (before[0] == "O" or before[1] != kind):
            prefix = "B"
        fixed.append(f"{prefix}-{kind}" if kind else tag)
        before = (prefix, kind)
    return fixed


def kept_tags(tags: Iterable[str], kept: Iterable[bool]) -> list[str]:
    """The tags of the words that are kept: a name whose first words are left out begins with its next one."""
    made: list[str] = []
    headless = False
    for tag, keep in zip(tags, kept, strict=True):
        prefix, kind = split_tag(tag)
        if keep:
            made.append(f"B-{kind}" if headless and prefix == "I" else tag)
            headless = False
        else:
            headless = prefix == "B" or (headless and prefix == "I")
    return made


def spans_to_tags(spans: Iterable[Span], length: int) -> list[str]:
    """Tags of `length` words; a span that overlaps an earlier one (by start) is left out."""
    tags = ["O"] * length
    free = 0
    for span in sorted(spans):
        if span.start < free:
            continue
        tags[span.start] = f"B-{span.type}"
        tags[span.start + 1 : span.end] = [f"I-{span.type}"] * (span.end - span.start - 1)
        free = span.end
    return tags


def onto(spans: Iterable[Span], words: Sequence[Word], others: Sequence[Word]) -> list[Span | None]:
    """Spans over one cut of a text, in order, as spans over another; each covers all words that it touches.

    Of two that meet in a word the first stays; the other is None, so that the list lines up with what was given.
    """
    starts = [word.start for word in others]
    ends = [word.end for word in others]
    moved: list[Span | None] = []
    free = 0
    for span in spans:
        begin, stop = characters(span, words)
        start, end = bisect_right(ends, begin), bisect_left(starts, stop)
        moved.append(Span(start, end, span.type) if free <= start < end else None)
        free = max(free, end)
    return moved


def line_ranges(post: Post) -> list[tuple[int, int]]:
    """The words [start, end) of each line of the post's text that has any."""
    starts = [word.start for word in post.words]
    ends = [bisect_left(starts, match.start() + 1) for match in _LINE_END.finditer(post.text)]
    borders = sorted({0, *ends, len(starts)})
    return list(pairwise(borders))


def characters(span: Span, words: Sequence[Word]) -> tuple[int, int]:
    """The character range [start, end) of a span."""
    return words[span.start].start, words[span.end - 1].end


def entity_of(post: Post, span: Span, score: float) -> Entity:
    """A span over the post's words as it stands in the post's text."""
    start, end = characters(span, post.words)
    return Entity(start, end, span.start, span.end, span.type, post.text[start:end], score)


def covering(start: int, end: int, kind: str, words: Sequence[Word]) -> Span | None:
    """The span of the words that overlap the characters [start, end), None where there is none.

    Args:
        start: first character.
        end: character after the last.
        kind: type of the span.
        words: of the text, in order.
    """
    inside = [index for index, word in enumerate(words) if word.start < end and word.end > start]
    return Span(inside[0], inside[-1] + 1, kind) if inside else None
