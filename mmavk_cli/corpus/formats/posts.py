"""The posts of whatever a path or standard input is."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Counted, Rows
from mmavk_cli.corpus.conll import conll_rows
from mmavk_cli.corpus.formats.brat import is_brat
from mmavk_cli.corpus.formats.lines import ANY_JSON
from mmavk_cli.corpus.formats.options import InputOptions
from mmavk_cli.corpus.formats.registry import SUFFIXES, by_content
from mmavk_cli.corpus.formats.said import Said
from mmavk_cli.corpus.formats.sniff import HEAD, MANY, format_of, lines_in
from mmavk_cli.corpus.json_values import BOM
from mmavk_cli.corpus.raw import decoded, post_from_text, read_folder, read_text

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
        return options.reader(LINES).read(path, Counted())
    if path.is_dir():
        return options.reader("brat").read(path, Counted()) if is_brat(path) else read_folder(path)
    if path.exists() and not path.is_file():  # a pipe can be read only once
        return _read_pipe(path, options)
    return _read_file(path, options)


def _read_file(path: Path, options: InputOptions) -> Rows:
    name = by_content(path)
    if name is None:
        text = read_text(path)
        _note_lines(text, str(path))
        yield post_from_text(text, path.stem, None, str(path))
    elif name in JSON:
        yield from ANY_JSON.read(path, Counted())
    elif name == "conll":
        yield from conll_rows(path)
    else:
        yield from options.reader(name).read(path, Counted())


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
    size = 0
    for line in source:
        head.append(line)
        size += len(line)
        begins = b"".join(head).removeprefix(BOM).lstrip()[:1]
        if size >= HEAD or begins == b"{" or (begins == b"[" and format_of(b"".join(head), name) == "json"):
            break
    whole = chain(head, source)
    start = b"".join(head)[:HEAD]
    if start.removeprefix(BOM).lstrip().startswith(b"{"):
        return ANY_JSON.read_lines(whole, Counted())
    match format_of(start, name):
        case "json":
            return ANY_JSON.read_lines(whole, Counted())
        case "conll":
            return conll_rows(whole, name)
        case "csv" | "tsv" as form:
            return _named(options, form, whole)
    text = decoded(b"".join(whole), name)
    _note_lines(text, name)
    return iter([post_from_text(text, name, where=name)])


def _named(options: InputOptions, form: str, lines: Iterable[bytes]) -> Rows:
    reader = options.reader(form)
    if not hasattr(reader, "read_lines"):
        raise TypeError(f"{form} is no format of lines")
    rows: Rows = reader.read_lines(lines, Counted())
    return rows


def _note_lines(text: str, where: str) -> None:
    """A raw text of many lines is told to be read as one post."""
    if (count := lines_in(text)) >= MANY:
        Said()(f"{count} lines are read as one post; --lines reads one post a line", where)
