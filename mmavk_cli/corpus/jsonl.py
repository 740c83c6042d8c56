"""JSON Lines: one post an object a line, with the fields of the output record (docs/formats.md)."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import BadRow, Counted, Json, Post, Row, Rows, Span, Word
from mmavk_cli.corpus.conll import BOM, unified_tag
from mmavk_cli.corpus.tokenize import checked_text, cut, joined
from mmavk_cli.corpus.types import UNIFIED
from mmavk_cli.spans import characters, covering, spans_to_tags, strict_spans

WIDENED = "widened"
"""What `read_jsonl` counts: names that begin or end inside a word and became whole words."""

Layout = Callable[[Json, str], Json]
"""An object of another program, and its place → the same with our fields (`corpus/formats/json_fields.py`)."""

UNITS = "Offsets count Unicode characters from 0, the end is exclusive"


def read_jsonl(
    source: Path | Iterable[bytes], name: str = "", layout: Layout | None = None, counted: Counted | None = None
) -> Rows:
    """Posts of a file or of lines (a binary handle), one line at a time; a bad line is a `BadRow` and the others go on.

    `name` stands for the source in messages and in the ids of rows without one (the path by default). A picture's
    path is relative to the file, for lines to the working folder. Blank lines are skipped. `layout` reads the objects
    of another program; into `counted` go the names that were `WIDENED`.

    Raises:
        DataError: the file cannot be read.
    """
    name = name or str(source if isinstance(source, Path) else "stdin")
    if not isinstance(source, Path):
        yield from _rows(source, name, Path(), layout, counted)
        return
    try:
        with source.open("rb") as handle:
            yield from _rows(handle, name, source.parent, layout, counted)
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", name, "Check the path") from error


def _rows(
    lines: Iterable[bytes], name: str, base: Path, layout: Layout | None, counted: Counted | None
) -> Iterator[Row]:
    for number, raw in enumerate(lines, 1):
        line = raw.removeprefix(BOM) if number == 1 else raw
        if not line.strip():
            continue
        where, name_of_row = f"{name}:{number}", f"{Path(name).stem}-{number}"
        try:
            row = _object(line, where)
            row = layout(row, where) if layout else row
            name_of_row = _name(row, "id", where) or name_of_row
            post = post_of(row, name_of_row, base, where)
        except DataError as error:
            yield BadRow(name_of_row, error.problem())
        else:
            if counted is not None and row.get("tags") is None:
                counted.add(WIDENED, _widened(row.get("entities") or (), post))
            yield post


def _widened(entities: Iterable[Json], post: Post) -> int:
    ends = {characters(span, post.words) for span in strict_spans(post.tags or ())}
    return sum((entity["start"], entity["end"]) not in ends for entity in entities)


def _object(line: bytes, where: str) -> Json:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        what = f"the line is not UTF-8 at byte {error.start}"
        raise DataError(what, where, "Convert the file to UTF-8") from None
    except json.JSONDecodeError as error:
        what = f"not JSON at column {error.colno}: {error.msg}"
        raise DataError(what, where, "Write one JSON object a line") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON that can be read: {error}", where, "Write one flat JSON object a line") from None
    if not isinstance(row, dict):
        raise DataError("the line is JSON but not an object", where, 'Write {"text": "..."}')
    return row


def post_of(row: Json, name: str, base: Path, where: str) -> Post:
    """The post of one object with our fields. `name` is its id, `base` the folder that its picture's path begins at.

    Raises:
        DataError: a field that is missing or wrong.
    """
    text, words, given = _text_and_words(row, where)
    if not words:
        raise DataError("the post is empty", where, "Give it a text, or remove the line")
    return Post(
        name, text, words, _tags(row, text, words, given, where),
        _name(row, "image_id", where), _image(row, base, where), where,
    )  # fmt: skip


def _text_and_words(row: Json, where: str) -> tuple[str, tuple[Word, ...], bool]:
    text, field = row.get("text"), "words" if row.get("words") is not None else "tokens"
    if not (text is None or isinstance(text, str)):
        raise DataError("'text' is not a string", where, "Put the post's text there")
    tokens = _strings(row, field, where)
    if tokens is None:
        if text is None:
            raise DataError("no 'text'", where, "Put the post's text there, or its words under 'words'")
        return checked_text(text, where), cut(text), False
    if not all(tokens):
        raise DataError(f"an empty string in '{field}'", where, "Remove it and its tag")
    if text is None:
        joint, words = joined(tokens)
        return checked_text(joint, where), words, True
    return checked_text(text, where), _found(tokens, text, where), True


def _found(tokens: Sequence[str], text: str, where: str) -> tuple[Word, ...]:
    joint, words = joined(tokens)
    if joint == text:
        return words  # also where a word is white space
    found, at = [], 0
    for token in tokens:
        start = text.find(token, at)
        if start < 0:
            raise DataError(
                f"the word {token!r} is not in the text after character {at}", where, "Mend it, or omit text"
            )
        at = start + len(token)
        found.append(Word(token, start, at))
    return tuple(found)


def _tags(row: Json, text: str, words: tuple[Word, ...], given: bool, where: str) -> tuple[str, ...] | None:
    tags = _strings(row, "tags", where)
    if tags is None:
        entities = row.get("entities")
        return None if entities is None else _tags_of_entities(entities, text, words, where)
    if not given:
        raise DataError("'tags' without 'words'", where, "Add the words the tags belong to, or give 'entities'")
    if len(tags) != len(words):
        raise DataError(f"{len(tags)} tags for {len(words)} words", where, "Give each word one tag")
    return tuple(unified_tag(tag, where) for tag in tags)


def _tags_of_entities(entities: Any, text: str, words: tuple[Word, ...], where: str) -> tuple[str, ...]:
    if not isinstance(entities, list):
        raise DataError("'entities' is not a list", where, 'Write [{"start": 0, "end": 5, "type": "PER"}]')
    spans = sorted(_span(entity, text, words, where) for entity in entities)
    for before, after in pairwise(spans):
        if after.start < before.end:
            raise DataError(
                f"two entities share the word {words[after.start].text!r}", where, "Keep one of them, or give 'words'"
            )
    return tuple(spans_to_tags(spans, len(words)))


def _span(entity: Any, text: str, words: tuple[Word, ...], where: str) -> Span:
    if not isinstance(entity, dict):
        raise DataError("an entity is not an object", where, 'Write {"start": 0, "end": 5, "type": "PER"}')
    start, end, kind = entity.get("start"), entity.get("end"), entity.get("type")
    if type(start) is not int or type(end) is not int or not isinstance(kind, str) or not kind:
        raise DataError("an entity needs 'start' and 'end' (whole numbers) and 'type'", where, UNITS)
    if not 0 <= start < end <= len(text):
        raise DataError(f"the entity {start}:{end} is outside the text's {len(text)} characters", where, UNITS)
    surface = entity.get("text")
    if surface is not None and surface != text[start:end]:
        raise DataError(f"the text at {start}:{end} is {text[start:end]!r}, not {surface!r}", where, UNITS)
    span = covering(start, end, UNIFIED.get(kind, kind), words)
    if span is None:
        raise DataError(f"the entity {start}:{end} holds no word", where, UNITS)
    return span


def _image(row: Json, base: Path, where: str) -> Path | None:
    image = row.get("image")
    if image is None:
        return None
    if not isinstance(image, str) or not image or "\0" in image:
        raise DataError("'image' is not a path", where, "Write the picture's path, relative to the file")
    return base / image


def _name(row: Json, field: str, where: str) -> str | None:
    value = row.get(field)
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value:
        raise DataError(f"'{field}' is neither a string nor a whole number", where, "Mend it, or leave it out")
    return checked_text(value, where)


def _strings(row: Json, field: str, where: str) -> list[str] | None:
    value = row.get(field)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise DataError(f"'{field}' is not a list of strings", where, "Mend it, or leave it out")
    return value
