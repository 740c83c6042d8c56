"""What `mmavk tag` writes: JSON records and CoNLL (docs/formats.md)."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from mmavk_cli.base.records import BadRow, Counted, Json, Span, Tagged
from mmavk_cli.spans import spans_to_tags

Outcome = Tagged | BadRow
"""A row of the output: a tagged post, or a row of the input that could not become one."""

DECIMALS = 4
"""Digits of scores and similarities behind the point."""

_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
"""JSON leaves them as they are, and some readers of lines take them for a line's end."""

_BREAKS = re.compile(r"[\t-\r\x1c-\x1e\x85\u2028\u2029]")


def as_json(row: Outcome) -> Json:
    """The record of one row; a bad row is its id and an `error`."""
    if isinstance(row, BadRow):
        return {"id": row.id, "error": asdict(row.problem)}
    knowledge = row.knowledge
    return {
        "id": row.post.id,
        "text": row.post.text,
        "entities": [asdict(entity) | {"score": round(entity.score, DECIMALS)} for entity in row.entities],
        "knowledge": knowledge and {
            "text": knowledge.text,
            "recipe": knowledge.recipe,
            "similarity": None if knowledge.similarity is None else round(knowledge.similarity, DECIMALS),
            "weight": knowledge.weight,
        },
        "model": row.model,
        "image": None if row.post.image is None else str(row.post.image),
        "notes": list(row.notes),
        "problem": row.problem and asdict(row.problem),
    }  # fmt: skip


def json_lines(rows: Iterable[Outcome]) -> Iterator[str]:
    """One JSON object a row, each one line."""
    for row in rows:
        yield f"{_dumped(as_json(row))}\n"


def json_object(rows: Iterable[Outcome], totals: Counted) -> Iterator[str]:
    """One JSON object in pieces: `posts`, a record a row, and `summary`, the totals when the rows are exhausted."""
    before = '{"posts": [\n'
    for row in rows:
        yield f"{before}{_dumped(as_json(row))}"
        before = ",\n"
    opening = before if before != ",\n" else ""
    yield f'{opening}\n], "summary": {_dumped(totals.counts)}}}\n'


def conll(rows: Iterable[Outcome]) -> Iterator[str]:
    """A block a post: `IMGID:` and the picture's name, else the post's id, then word, tab, tag. Bad rows are left out,
    and white space that would end a line is a space.
    """
    for row in rows:
        if isinstance(row, Tagged):
            spans = (Span(entity.word_start, entity.word_end, entity.type) for entity in row.entities)
            tags = spans_to_tags(spans, len(row.post.words))
            pairs = zip(row.post.words, tags, strict=True)
            words = "".join(f"{_BREAKS.sub(' ', word.text)}\t{tag}\n" for word, tag in pairs)
            yield f"IMGID:{_BREAKS.sub(' ', row.post.image_id or row.post.id)}\n{words}\n"


def _dumped(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)
