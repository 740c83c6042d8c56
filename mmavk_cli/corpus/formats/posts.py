"""The posts of whatever a path or standard input is."""

from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import TypeVar

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import BOM
from mmavk_cli.base.records import Counted, Rows
from mmavk_cli.corpus.conll import conll_rows
from mmavk_cli.corpus.formats.brat import is_brat
from mmavk_cli.corpus.formats.format import LineReader
from mmavk_cli.corpus.formats.lines import ANY_JSON
from mmavk_cli.corpus.formats.options import InputOptions
from mmavk_cli.corpus.formats.registry import SUFFIXES, by_content
from mmavk_cli.corpus.formats.said import Said
from mmavk_cli.corpus.formats.sniff import HEAD, MANY, format_of, lines_in
from mmavk_cli.corpus.notes import tell
from mmavk_cli.corpus.raw import decoded, post_from_text, read_folder, read_text

S = TypeVar("S")

LINES = "lines"
JSON = {form for suffix, form in SUFFIXES.items() if "json" in suffix} | {"gliner", "spacy-tuples"}
"""Formats that `AnyForm` reads."""


def read_posts(path: Path, options: InputOptions | None = None) -> Rows:
    """Posts of a folder of texts, or of a file in any format that `by_content` tells; else it is one raw text.

    Raises:
        DataError: it cannot be read; a single raw text is empty or not UTF-8. UsageError: a column that is not there.
    """
    options = options or InputOptions()
    if options.lines:
        return _noted(options.reader(LINES).read, path)
    if path.is_dir():
        return _noted(options.reader("brat").read, path) if is_brat(path) else read_folder(path)
    if path.exists() and not path.is_file():  # a pipe can be read only once
        return _read_pipe(path, options)
    return _read_file(path, options)


def _read_file(path: Path, options: InputOptions) -> Rows:
    name = by_content(path)
    options.check_columns(name)
    if name is None:
        text = read_text(path)
        _note_lines(text, str(path))
        yield post_from_text(text, path.stem, None, str(path))
    elif name in JSON:
        yield from _noted(ANY_JSON.read, path)
    elif name == "conll":
        yield from conll_rows(path)
    else:
        yield from _noted(options.reader(name).read, path)


def _read_pipe(path: Path, options: InputOptions) -> Rows:
    try:
        with path.open("rb") as handle:
            yield from read_stream(handle, path.stem, options)
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error


def read_stream(lines: Iterable[bytes], name: str, options: InputOptions | None = None) -> Rows:
    """Posts of lines that come once: JSON where they begin with `{` or `[`, tagged words or a table where they look so,
    else one raw text called `name`. Of JSON nothing is read ahead.

    Raises:
        DataError: a raw text that is empty or not UTF-8, or something that no post is in.
    """
    options = options or InputOptions()
    if options.lines:
        return _named(options, LINES, lines)
    source = iter(lines)
    head: list[bytes] = []
    size, begun = 0, b""
    for line in source:
        head.append(line)
        size += len(line)
        if size >= HEAD:
            break
        if not begun:  # the first line with something on it tells whether objects come line by line
            begun = b"".join(head).removeprefix(BOM).lstrip()
            if begun.startswith(b"{") or (begun.startswith(b"[") and format_of(begun, name) == "json"):
                break
    whole = chain(head, source)
    start = b"".join(head)[:HEAD]
    if start.removeprefix(BOM).lstrip().startswith(b"{"):
        options.check_columns("json")
        return _noted(ANY_JSON.read_lines, whole)
    form = format_of(start, name)
    options.check_columns(form)
    match form:
        case "json":
            return _noted(ANY_JSON.read_lines, whole)
        case "conll":
            return conll_rows(whole, name)
        case "csv" | "tsv":
            return _named(options, form, whole)
    text = decoded(b"".join(whole), name)
    _note_lines(text, name)
    return iter([post_from_text(text, name, where=name)])


def _named(options: InputOptions, form: str, lines: Iterable[bytes]) -> Rows:
    reader = options.reader(form)
    if not isinstance(reader, LineReader):
        raise TypeError(f"{form} is no format of lines")
    return _noted(reader.read_lines, lines)


def _noted(read: Callable[[S, Counted], Rows], source: S) -> Rows:
    """The rows; what the reader notes of the file is told at the row where it is noted."""
    counted, told = Counted(), 0
    for row in read(source, counted):
        new = dict(list(counted.notes.items())[told:])
        tell(Counted(notes=new))
        told += len(new)
        yield row


def _note_lines(text: str, where: str) -> None:
    """A raw text of many lines is told to be read as one post."""
    if (count := lines_in(text)) >= MANY:
        counted = Counted()
        Said(counted)(f"{count} lines are one post; --lines reads one post a line", where)
        tell(counted)
