"""What `mmavk tag` and `mmavk eval` write: JSON records and CoNLL (docs/formats.md)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from mmavk_cli.base.csv_cells import COLUMNS, name_rows, table_line
from mmavk_cli.base.one_line import json_on_one_line
from mmavk_cli.base.records import BadRow, Counted, Json, Tagged
from mmavk_cli.spans import entity_of, spans_to_tags, strict_spans

Outcome = Tagged | BadRow
"""A row of the output: a tagged post, or a row of the input that could not become one."""

DECIMALS = 4
"""Digits of scores and similarities behind the point."""


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
            "scorer": knowledge.scorer,
        },
        "model": row.model,
        "image": row.post.image_url if row.post.image is None else str(row.post.image),
        "notes": list(row.notes),
        "problem": row.problem and asdict(row.problem),
    }  # fmt: skip


def evaluated(row: Tagged) -> Json:
    """The record of a post whose tags are known: `gold` are its names in strict IOB2, which have no score."""
    gold = [asdict(entity_of(row.post, span, 1.0)) for span in strict_spans(row.post.tags or ())]
    for entity in gold:
        del entity["score"]
    return as_json(row) | {"gold": gold}


def json_lines(rows: Iterable[Outcome]) -> Iterator[str]:
    """One JSON object a row, each one line."""
    return map(json_line, map(as_json, rows))


def json_line(record: Json) -> str:
    """A record as one line, its end included."""
    return f"{_dumped(record)}\n"


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
            tags = spans_to_tags((entity.span for entity in row.entities), len(row.post.words))
            pairs = zip(row.post.raw_words(), tags, strict=True)
            words = "".join(f"{_BREAKS.sub(' ', word)}\t{tag}\n" for word, tag in pairs)
            yield f"IMGID:{_BREAKS.sub(' ', row.post.image_id or row.post.id)}\n{words}\n"


def csv_table(rows: Iterable[Outcome]) -> Iterator[str]:
    """A heading, then a row a name; a post without names has one row. Bad rows are left out."""
    yield table_line(COLUMNS)
    for row in rows:
        if isinstance(row, Tagged):
            names = [(one.start, one.end, one.type, f"{one.score:.{DECIMALS}f}") for one in row.entities]
            image = row.post.image_url if row.post.image is None else str(row.post.image)
            yield "".join(map(table_line, name_rows(row.post, names, image)))


def _dumped(value: Json) -> str:
    return json_on_one_line(value)
