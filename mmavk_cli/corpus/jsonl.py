"""JSON Lines: one post an object a line, with the fields of the output record (docs/formats.md)."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO
from unicodedata import normalize

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import is_url
from mmavk_cli.base.records import BadRow, Counted, Json, Post, Row, Rows, Word
from mmavk_cli.base.twice import seekable
from mmavk_cli.corpus.conll import unified_tag
from mmavk_cli.corpus.entities import EntityReader
from mmavk_cli.corpus.fields import TAGS, TagNames, own_fields
from mmavk_cli.corpus.json_values import is_pair, json_values
from mmavk_cli.corpus.notes import tell
from mmavk_cli.corpus.offsets import OURS, Unit
from mmavk_cli.corpus.tag_schemes import PLAIN, Scheme, TagSurvey
from mmavk_cli.corpus.tokenize import checked_text, cut, joined, placed

Layout = Callable[[Any, str], Json]
"""A value of a JSON file, and its place → the same with fields that `fields.py` knows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the objects of a file are read.

    Attributes:
        scheme: the scheme of their tags; None where each object is taken by itself.
        unit: what offsets count.
        names: what numbers among the tags stand for.
    """

    scheme: Scheme | None = None
    unit: Unit = OURS
    names: TagNames = field(default_factory=dict[str, Sequence[str]])


_TAGGED = re.compile(rb'"(?:' + "|".join(TAGS).encode() + rb')"\s*:')


def read_jsonl(
    source: Path | Iterable[bytes],
    name: str = "",
    layout: Layout | None = None,
    counted: Counted | None = None,
    reading: Reading | None = None,
) -> Rows:
    """Posts of a file or of lines (a binary handle), one at a time; a bad row is a `BadRow` and the others go on. An
    object stands on a line, or they are one list (`corpus/json_values.py`).

    A file is read twice, first for the scheme of its tags; of lines each object is taken by itself. A picture's path is
    relative to the file, for lines to the working folder. Blank lines are skipped.

    Args:
        source: A file, or lines of bytes.
        name: What stands for it in messages and in the ids of rows without one. The path by default.
        layout: Reads the objects of another program.
        counted: Gets what is told of the file; without it, it is logged.
        reading: How offsets and numbers are meant, where a person says so.

    Raises:
        DataError: the file cannot be read.
    """
    name = name or str(source if isinstance(source, Path) else "stdin")
    base = source.parent if isinstance(source, Path) else Path()
    reading = reading or Reading()
    notes = Counted() if counted is None else counted
    try:
        if not isinstance(source, Path):
            yield from _rows(source, name, base, layout, notes, reading)
            return
        with seekable(source) as handle:
            yield from whole_jsonl(handle, name, base, layout, notes, reading)
    finally:
        if counted is None:
            tell(notes)


def whole_jsonl(
    handle: BinaryIO, name: str, base: Path, layout: Layout | None, counted: Counted, reading: Reading
) -> Iterator[Row]:
    """The same of a handle that can be read twice; `base` is the folder that pictures' paths begin at.

    Args:
        handle: of the file, which is read twice.
        name: of the file, for messages.
        base: folder that relative paths of pictures begin at.
        layout: names of the fields; None: mmavk's own.
        counted: takes what is noticed.
        reading: what the options say of how the file is read.
    """
    survey = TagSurvey()
    if any(_TAGGED.search(line) for line in handle):
        handle.seek(0)
        for number, value in json_values(handle, name):
            with suppress(DataError):
                row = own_fields(_object(value, layout, ""), "", Counted(), reading.names)
                for tag in row.get("tags") or ():
                    survey.add(str(tag), number)
                survey.end()
    handle.seek(0)
    scheme = survey.scheme()
    if scheme.said:
        counted.note("scheme", f"{name}:{scheme.place}", scheme.said)
    yield from _rows(handle, name, base, layout, counted, replace(reading, scheme=scheme))


def _rows(
    lines: Iterable[bytes], name: str, base: Path, layout: Layout | None, counted: Counted, reading: Reading
) -> Iterator[Row]:
    before = place = 0
    for number, value in json_values(lines, name):
        place = place + 1 if number == before else 1
        before = number
        several = f"-{place}" if place > 1 else ""  # rows of a list that stands on one line
        where, name_of_row = f"{name}:{number}", f"{Path(name).stem}-{number}{several}"
        try:
            row = own_fields(_object(value, layout, where), where, counted, reading.names)
            name_of_row = _name(row, "id", where) or name_of_row
            post = post_of(row, name_of_row, base, where, counted, reading)
        except DataError as error:
            yield BadRow(name_of_row, error.problem())
        else:
            yield post


def _object(value: Any, layout: Layout | None, where: str) -> Json:
    if isinstance(value, DataError):
        raise value
    if not isinstance(value, dict) and not (is_pair(value) and getattr(layout, "takes_pairs", False)):
        raise DataError("the line is JSON but not an object", where, 'Write {"text": "..."}')
    return layout(value, where) if layout else value


def post_of(
    row: Json, name: str, base: Path, where: str, counted: Counted | None = None, reading: Reading | None = None
) -> Post:
    """The post of one object with our fields (`fields.py`).

    Args:
        row: The object.
        name: Its id.
        base: The folder that its picture's path begins at.
        where: Its place.
        counted: Gets what is told of its names.
        reading: The scheme of its tags and the unit of its offsets.

    Raises:
        DataError: a field that is missing or wrong.
    """
    reading = reading or Reading(PLAIN)
    text, words, given = _text_and_words(row, where)
    if not words:
        raise DataError("the post is empty", where, "Give it a text, or remove the line")
    image, url = _image(row, base, where)
    tags = _tags(row, words if given else None, where, reading.scheme)
    if tags is None and row.get("entities") is not None:
        names = EntityReader(text, words, where, counted or Counted(), reading.unit)
        tags = names.tags(row["entities"])
    tags = None if tags is None else tuple(map(unified_tag, tags))
    return Post(name, text, words, tags, _name(row, "image_id", where), image, where, raw=not given, image_url=url)


def _text_and_words(row: Json, where: str) -> tuple[str, tuple[Word, ...], bool]:
    text = row.get("text")
    if not (text is None or isinstance(text, str)):
        raise DataError("'text' is not a string", where, "Put the post's text there")
    tokens = _strings(row, "words", where)
    if tokens is None:
        if text is None:
            raise DataError("no 'text'", where, "Put the post's text there, or its words under 'words'")
        return checked_text(text, where), cut(text), False
    if not all(tokens):
        raise DataError("an empty string in 'words'", where, "Remove it and its tag")
    if text is None:
        joint, words = joined(tokens)
        return checked_text(joint, where), words, True
    return checked_text(text, where), _found(tokens, text, where), True


def _found(tokens: Sequence[str], text: str, where: str) -> tuple[Word, ...]:
    joint, words = joined(tokens)
    if joint == text:
        return words  # also where a word is white space
    found = placed(tokens, text)
    if len(found) < len(tokens):
        at = found[-1].end if found else 0
        raise _not_found(tokens[len(found)], text[at:], at, where)
    return found


def _not_found(token: str, rest: str, at: int, where: str) -> DataError:
    for form in ("NFC", "NFKC"):
        if normalize(form, token) in normalize(form, rest):
            what = f"the word {token!r} and the text write the same letters in different Unicode forms"
            return DataError(what, where, f"Put both into one form ({form}), or omit text")
    return DataError(f"the word {token!r} is not in the text after character {at}", where, "Fix it, or omit 'text'")


def _tags(row: Json, words: Sequence[Word] | None, where: str, scheme: Scheme | None) -> Sequence[str] | None:
    """The tags of the given words; None where the object has none."""
    tags = _strings(row, "tags", where)
    if tags is None:
        return None
    if words is None:
        raise DataError("'tags' without 'words'", where, "Add the words the tags belong to, or give 'entities'")
    if len(tags) != len(words):
        raise DataError(f"{len(tags)} tags for {len(words)} words", where, "Give each word one tag")
    if scheme is None:
        own = TagSurvey()
        for tag in tags:
            own.add(tag)
        scheme = own.scheme()
    for tag in tags:
        scheme.check(tag, where)
    return scheme.iob2(tags)


def _image(row: Json, base: Path, where: str) -> tuple[Path | None, str | None]:
    """The picture's file and its URL, one of them None; both where the field is empty."""
    image = row.get("image")
    if image is None or (isinstance(image, str) and not image.strip()):
        return None, None
    if not isinstance(image, str) or "\0" in image:
        raise DataError("'image' is not a path", where, "Write the picture's path, relative to the file")
    if is_url(image):
        return None, checked_text(image, where)
    return base / image, None


def _name(row: Json, field: str, where: str) -> str | None:
    value = row.get(field)
    if value is None:
        return None
    if type(value) is int:
        return str(value)
    if not isinstance(value, str) or not value:
        raise DataError(f"'{field}' is neither a string nor a whole number", where, "Fix it or leave it out")
    return checked_text(value, where)


def _strings(row: Json, field: str, where: str) -> list[str] | None:
    value = row.get(field)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise DataError(f"'{field}' is not a list of strings", where, "Fix it or leave it out")
    return value
