"""Names given by their characters → tags of words, and what is told of names that are not whole words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Counted, Json, Span, Word
from mmavk_cli.corpus.offsets import OURS, UNIT_NAMES, Range, Unit, characters_at, hint
from mmavk_cli.corpus.tag_schemes import own_capitals
from mmavk_cli.spans import characters, covering, spans_to_tags

EXAMPLE = 'Write [{"start": 0, "end": 5, "type": "PER"}]'


@dataclass(frozen=True, slots=True)
class EntityReader:
    """Reads the entities of one post.

    Attributes:
        text: the post's text.
        words: its words.
        where: its place.
        counted: gets what is told of the names.
        unit: what offsets count.
    """

    text: str
    words: tuple[Word, ...]
    where: str
    counted: Counted
    unit: Unit = OURS

    def tags(self, entities: Any) -> tuple[str, ...]:
        """The tags of the words: a name takes in every word that it touches.

        Raises:
            DataError: an entity that is none, is outside the text, holds no word or shares one with another.
        """
        if not isinstance(entities, list):
            raise DataError("'entities' is not a list", self.where, EXAMPLE)
        given = [self._range(entity) for entity in entities]
        other = hint(self.text, self.words, given) if self.unit == OURS else None
        ranges = self._moved(given)
        for entity, found in zip(entities, ranges, strict=True):
            self._check(entity, found, other)
        names = [(start, end, self._type(entity)) for entity, (start, end) in zip(entities, ranges, strict=True)]
        if other is not None:
            said = ", ".join(repr(self.text[start:end]) for start, end in other[1][:3])
            self.counted.note(
                "offsets", self.where, f"in {UNIT_NAMES[other[0]]} they are {said} (--offsets {other[0]})"
            )
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.counted.note("doubled", self.where, repr(self.text[name[0] : name[1]]))
        return self._tags(sorted(set(names)))

    def _tags(self, names: Sequence[tuple[int, int, str]]) -> tuple[str, ...]:
        spans: list[Span] = []
        for start, end, kind in names:
            span = covering(start, end, kind, self.words)
            if span is None:
                raise DataError(f"the entity {start}:{end} holds no word", self.where, self._counts)
            spans.append(span)
            self._note_ends(start, end, span)
        for (before, one), (after, other) in pairwise(zip(spans, names, strict=True)):
            if after.start < before.end:
                raise self._shared(one, other, after.start)
        return tuple(spans_to_tags(spans, len(self.words)))

    def _note_ends(self, start: int, end: int, span: Span) -> None:
        given = self.text[start:end]
        bare = given.strip()
        begin = start + given.index(bare)
        if bare != given:
            self.counted.note("trimmed", self.where, repr(given))
        first, last = characters(span, self.words)
        if (first, last) != (begin, begin + len(bare)):
            self.counted.note("widened", self.where, f"{bare!r} of {self.text[first:last]!r}")

    def _shared(self, one: tuple[int, int, str], other: tuple[int, int, str], word: int) -> DataError:
        shown = " and ".join(f"{self.text[start:end]!r} ({kind})" for start, end, kind in (one, other))
        what = f"two entities share the word {self.words[word].text!r}: {shown}"
        if other[0] < one[1]:
            return DataError(what, self.where, "Keep one of them")
        return DataError(what, self.where, "Give 'words' in which they are apart, or keep one of them")

    def _range(self, entity: Any) -> Range:
        if not isinstance(entity, dict):
            raise DataError("an entity is not an object", self.where, EXAMPLE)
        start, end, kind = entity.get("start"), entity.get("end"), entity.get("type")
        if type(start) is not int or type(end) is not int or not isinstance(kind, str) or not kind.strip():
            what = "an entity needs 'start' and 'end' (whole numbers) and 'type'"
            raise DataError(what, self.where, self._counts)
        return start, end

    def _type(self, entity: Json) -> str:
        return own_capitals(entity["type"])

    def _moved(self, given: Sequence[Range]) -> list[Range]:
        """The ranges in characters.

        Raises:
            DataError: one begins or ends inside a character.
        """
        if self.unit == OURS:
            return list(given)
        at = characters_at(self.text, self.unit)
        longest = max(at)
        for start, end in given:
            if any(0 <= offset <= longest and offset not in at for offset in (start, end)):
                what = f"the entity {start}:{end} begins or ends inside a character in {UNIT_NAMES[self.unit]}"
                raise DataError(what, self.where, "Say what the offsets count with --offsets")
        return [(at.get(start, start), at.get(end, end + len(self.text))) for start, end in given]

    def _check(self, entity: Json, found: Range, other: tuple[Unit, list[Range]] | None) -> None:
        start, end = found
        shown = f"the entity {entity['start']}:{entity['end']}"
        advice = (
            self._counts
            if other is None
            else f"In {UNIT_NAMES[other[0]]} the offsets fit: data convert --offsets {other[0]}"
        )
        if start == end:
            raise DataError(f"{shown} is empty", self.where, "Remove it, or mend its end, which is exclusive")
        if end < start:
            raise DataError(f"{shown} ends before it begins", self.where, "Mend its offsets")
        if not 0 <= start < end <= len(self.text):
            raise DataError(f"{shown} is outside the text's {len(self.text)} characters", self.where, advice)
        surface = entity.get("text")
        if surface is not None and surface != self.text[start:end]:
            raise DataError(
                f"the text at {start}:{end} is {self.text[start:end]!r}, not {surface!r}", self.where, advice
            )

    @property
    def _counts(self) -> str:
        return f"Offsets count {UNIT_NAMES[self.unit]} from 0, the end is exclusive"
