"""What a file without a telling name holds, by its first bytes."""

import re

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import BOM
from mmavk_cli.corpus.formats.csv_rows import DELIMITERS, delimiter_of
from mmavk_cli.corpus.formats.table import IDS, TEXTS
from mmavk_cli.corpus.json_values import json_values

HEAD = 65536
"""Bytes that are looked at."""

_TAG = re.compile(r"O|[BIESLUMW][-_]\S+|\S+[-_][BIESLUMW]")
_SHARE = 0.9
"""Share of the lines that end in a tag in a file of tagged words."""

_CONLLU = re.compile(r"\d+(?:[-.]\d+)?(?:\t[^\t]*){9}")
"""A line of CoNLL-U or CoNLL-X: a number (`3`, `3-4`, `3.1`) and nine more columns."""
_ONTONOTES = re.compile(r"\S+[ \t]+\d+[ \t]+\d+(?:[ \t]+\S+){8,}[ \t]*")
"""A line of CoNLL-2011 and CoNLL-2012 (OntoNotes): document, part, number of the word, and more columns."""

MANY = 10
"""Lines with something on them from which a raw text is told to be read as one post."""

BINARY = {
    b"PK\x03\x04": "a ZIP archive or an Excel or Word file; save it as CSV or text",
    b"%PDF": "a PDF; export its text",
    b"SQLite": "a database; export it as CSV or JSON Lines",
    b"\x1f\x8b": "compressed with gzip; run gunzip first",
    b"PAR1": "Parquet; call it .parquet and use mmavk data convert",
}
MARKED = {
    "<?xml": "XML", "<!doctype": "an HTML page", "<html": "an HTML page", "#FORMAT=WebAnno": "WebAnno's TSV",
    "# ::id": "AMR", "{\\rtf": "RTF",
}  # fmt: skip


def format_of(head: bytes, where: str) -> str | None:
    """The format that the first bytes of a file tell: `conll`, `json`, `csv`, `tsv`; None: it is a raw text.

    Raises:
        DataError: it is something else that is no post.
    """
    for magic, what in BINARY.items():
        if head.startswith(magic):
            kind, _, advice = what.partition("; ")
            raise DataError(f"this is {kind}", where, advice[:1].upper() + advice[1:])
    text = head.removeprefix(BOM).decode("utf-8", "replace").lstrip()
    for begin, what in MARKED.items():
        if text.lower().startswith(begin.lower()):
            raise DataError(f"this is {what}, not a post", where, "Give its text, or convert it to JSON Lines")
    if _all_lines(_ONTONOTES, text):
        raise DataError("this is CoNLL-2012 (OntoNotes), which is not read", where, "Write word, tab, IOB2 tag a line")
    if _all_lines(_CONLLU, text) and not _is_tagged(text):
        advice = "Say which column has the tags: data convert FILE NEW --from conll --columns _,word,_,_,_,_,_,_,_,tag"
        raise DataError("this is CoNLL-U, whose ten columns have no place for names", where, advice)
    if text.startswith("IMGID:") or _is_tagged(text):
        return "conll"
    if text.startswith(("{", "[", "window.YTD")) and _is_json(head):
        return "json"
    return _table(text)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if len(lines) > 1:
        lines = lines[:-1] if len(text) >= HEAD - 4 else lines  # the last may be cut
    return [line.rstrip("\r") for line in lines if line.strip()]


def lines_in(text: str) -> int:
    """Lines of a text with something on them."""
    return sum(1 for line in text.splitlines() if line.strip())


def _is_tagged(text: str) -> bool:
    """Nearly every line is a word and its tag, or columns that end in a tag."""
    lines = [line for line in _lines(text) if not line.startswith(("#", "-DOCSTART-"))]
    alone = len(lines) == 1 and "\t" not in lines[0] and not text.startswith("-DOCSTART-")
    if not lines or alone:
        return False
    ends = [re.split(r"[\t ]+", line.strip()) for line in lines]
    tagged = sum(len(cells) > 1 and _TAG.fullmatch(cells[-1]) is not None for cells in ends)
    return tagged >= _SHARE * len(lines)


def _all_lines(pattern: re.Pattern[str], text: str) -> bool:
    """There are lines besides comments, and each fits the pattern."""
    lines = [line for line in _lines(text) if not line.startswith("#")]
    return bool(lines) and all(map(pattern.fullmatch, lines))


def _is_json(head: bytes) -> bool:
    first = next(json_values(head.splitlines(keepends=True), ""), None)
    return first is not None and isinstance(first[1], dict | list) and bool(first[1])


def _table(text: str) -> str | None:
    """A table by its heading, or by tabs: as many in every line."""
    lines = _lines(text)
    if len(lines) < 2:  # noqa: PLR2004
        return None
    delimiter = delimiter_of(lines[0])
    heading = [re.sub(r"[\W_]", "", cell).casefold() for cell in lines[0].split(delimiter)]
    if len(heading) > 1 and delimiter in DELIMITERS and set(heading) & {*TEXTS, *IDS}:
        return "tsv" if delimiter == "\t" else "csv"
    tabs = {line.count("\t") for line in lines}
    return "tsv" if len(tabs) == 1 and tabs != {0} else None
