"""Values of a JSON file: one a line, or a document over several lines: a list, or objects one after the other."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import BOM

HELD = ("posts", "tweets", "data", "annotations", "rows", "examples")
"""Fields of one object that holds all rows: `tag --format json`, Twitter's API v2, NER Annotator, the hub's viewer."""

_SKIPPED = re.compile(r"[\s,]*")
_ARCHIVE = re.compile(rb"\s*window\.YTD\.[\w.]+\s*=")
"""How a file of Twitter's archive begins, before its list."""

Numbered = tuple[int, bytes]


def json_values(lines: Iterable[bytes], name: str) -> Iterator[tuple[int, Any]]:
    """The rows of a JSON file called `name`, each with the number of its line; what cannot be read is a `DataError`.

    JSON Lines are read line by line. A document is held as text, its rows are read one at a time.
    """
    source = enumerate(lines, 1)
    first = True
    for number, raw in source:
        line = raw.removeprefix(BOM) if number == 1 else raw
        if not line.strip():
            continue
        if first and _is_document(line):
            document = chain([(number, _ARCHIVE.sub(b"", line, count=1))], source)
            yield from _spread(_of_document(document, name), name)
            return
        first = False
        yield from _spread([(number, _value(line, f"{name}:{number}"))], name)


def _is_document(line: bytes) -> bool:
    """The first line belongs to a value of several lines, or is a list of rows."""
    text = _ARCHIVE.sub(b"", line, count=1).strip()
    if text.startswith(b"["):
        value = _value(text, "")
        return isinstance(value, DataError) or not is_pair(value)
    return text.startswith(b"{") and text[-1:] in {b"{", b"[", b","}


def is_pair(value: Any) -> bool:
    """A text with an object about it, as spaCy's training examples are."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict)  # noqa: PLR2004


def _value(line: bytes, where: str) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return DataError(f"the line is not UTF-8 at byte {error.start}", where, "Convert the file to UTF-8")
    except json.JSONDecodeError as error:
        return DataError(f"not JSON at column {error.colno}: {error.msg}", where, "Write one JSON object a line")
    except (ValueError, RecursionError) as error:
        return DataError(f"not JSON that can be read: {error}", where, "Write one flat JSON object a line")


def _of_document(lines: Iterable[Numbered], name: str) -> Iterator[tuple[int, Any]]:
    held = list(lines)
    try:
        text = b"".join(line for _, line in held).decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    values = _decoded(text, held[0][0], name)
    first = next(values, None)
    if first is not None and not isinstance(first[1], DataError):
        yield first
        yield from values
    elif first is not None or not text:  # no document: each line stands for itself
        yield from ((number, _value(line, f"{name}:{number}")) for number, line in held if line.strip())


def _decoded(text: str, line: int, name: str) -> Iterator[tuple[int, Any]]:
    decoder = json.JSONDecoder()
    at = _after(text, 0)
    in_list = text.startswith("[", at)
    counted, at = 0, _after(text, at + in_list)
    while at < len(text) and not (in_list and text[at] == "]"):
        line += text.count("\n", counted, at)
        counted = at
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            place = line + (text.count("\n", at, error.pos) if isinstance(error, json.JSONDecodeError) else 0)
            what = f"not JSON: {getattr(error, 'msg', error)}; nothing from here on is read"
            yield line, DataError(what, f"{name}:{place}", "Mend the file there")
            return
        yield line, {"text": value} if in_list and isinstance(value, str) else value
        at = _after(text, at)
    rest = text[at + 1 :].strip(" \t\r\n;") if in_list else ""
    if in_list and (at >= len(text) or rest):
        line += text.count("\n", counted, at)
        what = "there is more behind the list, which is not read" if rest else "the list has no end"
        yield line, DataError(what, f"{name}:{line}", "The file may be cut off; make it again")


def _after(text: str, at: int) -> int:
    match = _SKIPPED.match(text, at)
    return match.end() if match else at


def _spread(values: Iterable[tuple[int, Any]], name: str) -> Iterator[tuple[int, Any]]:
    """The values, those that hold all rows in their place."""
    for number, value in values:
        held = _held(value)
        if held is None:
            yield number, _unwrapped(value)
            continue
        for place, row in enumerate(held, 1):
            if row is not None:  # NER Annotator writes null for a text that it skipped
                yield number, _unwrapped(row)
            else:
                where = f"{name}:{number}"
                yield number, DataError(f"row {place} of the list is null", where, "It has no post; remove it")


def _held(value: Any) -> list[Any] | None:
    if not isinstance(value, dict) or "text" in value:
        return None
    for field in HELD:
        rows = value.get(field)
        if isinstance(rows, list) and rows and all(_is_row(row) for row in rows):
            return rows
    return None


def _is_row(value: Any) -> bool:
    """A post, and not what somebody annotated in one."""
    if value is None or is_pair(value):
        return True
    return isinstance(value, dict) and not value.keys() & {"result", "start", "start_offset", "label"}


def _unwrapped(value: Any) -> Any:
    """The object inside `{"tweet": {…}}` (Twitter's archive), `{"row": {…}}` and `{"data": {"text": …}}`."""
    if isinstance(value, dict):
        for field in ("tweet", "row"):
            if isinstance(value.get(field), dict):
                return value[field]
        annotated = value.keys() & {"annotations", "predictions", "completions"}
        if isinstance(value.get("data"), dict) and "text" not in value and not annotated:
            return {"id": value.get("id"), **value["data"]}
    return value
