"""CoNLL with `IMGID:` lines: `word<TAB>tag` (or a space), a blank line after each post, or none at the file's end.

A file is read twice: first for its columns and the scheme of its tags (`columns.py`, `tag_schemes.py`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import BOM, UTF16
from mmavk_cli.base.records import BadRow, Counted, Post, Rows
from mmavk_cli.base.twice import seekable
from mmavk_cli.corpus.columns import IMAGE, Columns, Layout, kind_of, survey
from mmavk_cli.corpus.notes import tell
from mmavk_cli.corpus.tokenize import joined
from mmavk_cli.corpus.types import UNIFIED
from mmavk_cli.spans import kept_tags

_LONE_CR = re.compile(r"\r[^\s]")
_PADDED = re.compile(r"^ | \t|\t | $|\t$")


@dataclass(slots=True)
class Block:
    """The lines of one post as the file has them.

    `lines[i]` is the line number of token `i`, which is empty where the line has no word; `tags` are as the file writes
    them; `faults` are its unusable lines.
    """

    path: Path
    layout: Layout = field(default_factory=Layout)
    image_id: str = ""
    began: int = 0
    tokens: list[str] = field(default_factory=list[str])
    tags: list[str] = field(default_factory=list[str])
    lines: list[int] = field(default_factory=list[int])
    faults: list[DataError] = field(default_factory=list[DataError])

    @property
    def id(self) -> str:
        """The picture's id, else the file's stem and the first line's number."""
        return self.image_id or f"{self.path.stem}-{self.began}"

    def iob2(self) -> list[str]:
        """The words' tags in IOB2, with the file's own types."""
        return kept_tags(self.layout.scheme.iob2(self.tags), map(bool, self.tokens))

    def post(self) -> Post:
        """The block as a post, types unified.

        Raises:
            DataError: the first of its faults.
        """
        if self.faults:
            raise self.faults[0]
        text, words = joined([token for token in self.tokens if token])
        lines = tuple(line for token, line in zip(self.tokens, self.lines, strict=True) if token)
        tags = tuple(map(unified_tag, self.iob2()))
        place = f"{self.path}:{self.began}"
        return Post(self.id, text, words, tags, self.image_id or None, None, place, lines=lines)

    def add(self, number: int, line: str | DataError, counted: Counted) -> None:
        """Take one line that is neither blank nor an `IMGID:` line."""
        self.began = self.began or number
        where = f"{self.path}:{number}"
        try:
            if isinstance(line, DataError):
                raise line
            pair = self.layout.pair(line, where)
        except DataError as error:
            self.faults.append(error)
            return
        if pair is None:
            counted.note("comment", where, f"{line[:40]!r}")
            return
        if not pair[0]:
            counted.note("no-word", where, f"its tag is {pair[1]}")
        elif "\t" in line and _PADDED.search(line):
            counted.note("padding", where, f"{line[:40]!r}")
        self.tokens.append(pair[0])
        self.tags.append(pair[1])
        self.lines.append(number)

    def closed(self) -> "Block":
        """The block, with a fault if it holds nothing."""
        if not any(self.tokens) and not self.faults:
            place = f"{self.path}:{self.began}"
            self.faults.append(DataError(f"the post {self.id} has no words", place, "Remove its lines"))
        return self


def read_blocks(
    source: Path | Iterable[bytes], name: str = "", columns: Columns | None = None, counted: Counted | None = None
) -> Iterator[Block]:
    """The posts of one file, or of lines called `name`, as blocks of lines, in order, one at a time; a bad line is a
    fault of its block.

    Args:
        source: A file, or lines of bytes.
        name: What stands for lines in messages and in the ids of posts without one.
        columns: Which columns hold word and tag, where a person says so.
        counted: Gets what is told of the file; without it, it is logged.

    Raises:
        DataError: the file cannot be read, or it cannot be told which column is which.
    """
    path = source if isinstance(source, Path) else Path(name)
    notes = Counted() if counted is None else counted
    try:
        with seekable(source) as handle:
            texts = ((number, line) for number, line in _decoded(handle, path) if isinstance(line, str))
            layout = survey(texts, str(path), columns)
            handle.seek(0)
            _note_layout(layout, path, notes)
            yield from blocks_of(handle, path, layout, notes)
    finally:
        if counted is None:
            tell(notes)


def _note_layout(layout: Layout, path: Path, counted: Counted) -> None:
    for count, columns in layout.columns.items():
        if columns.said:
            counted.note("columns", f"{path}:{layout.firsts.get(count, 1)}", columns.said, str(count))
    if layout.scheme.said:
        counted.note("scheme", f"{path}:{layout.scheme.place}", layout.scheme.said)


def blocks_of(
    lines: Iterable[bytes], path: Path, layout: Layout | None = None, counted: Counted | None = None
) -> Iterator[Block]:
    """The same of lines in a known layout, by default mmavk's own; `path` stands for them in messages.

    Args:
        lines: of the file, as bytes.
        path: names them in messages.
        layout: of the columns; None: mmavk's own.
        counted: takes what is noticed.
    """
    layout, counted = layout or Layout(), counted or Counted()
    block = Block(path, layout)
    for number, line in _decoded(lines, path):
        kind = kind_of(line) if isinstance(line, str) else "word"
        if kind == "comment":
            counted.note("comment", f"{path}:{number}", f"{str(line)[:40]!r}")
        elif kind == "word":
            block.add(number, line, counted)
        else:
            if block.began and (kind == "image" or block.tokens or block.faults):
                yield block.closed()
                block = Block(path, layout)
                if kind == "blank" and line:
                    counted.note("blank-line", f"{path}:{number}", repr(line))
            if kind == "image":
                block.image_id, block.began = str(line).removeprefix(IMAGE).strip(), number
            elif kind == "document":
                counted.note("document", f"{path}:{number}")
    if block.began:
        yield block.closed()


def read_conll(path: Path) -> Iterator[Post]:
    """Posts of one file, in order, one at a time. A line is split at tabs, else at blanks, so that a word may be a bare
    no-break space; the last post needs no line end. Words without an `IMGID:` line have no picture.

    Raises:
        DataError: a line without a tag, a tag of another scheme than the file's, an IMGID without words, bytes that
        are not UTF-8, columns that cannot be told apart.
    """
    for block in read_blocks(path):
        yield block.post()


def conll_rows(
    source: Path | Iterable[bytes],
    name: str = "stdin",
    columns: Columns | None = None,
    counted: Counted | None = None,
) -> Rows:
    """Posts of one file, or of lines called `name`; a post with a bad line is a `BadRow` and the others go on.

    Arguments and errors are those of `read_blocks`.

    Args:
        source: a file, or lines.
        name: of the lines, for messages.
        columns: which columns are read; None: detected.
        counted: takes what is noticed.
    """
    for block in read_blocks(source, name, columns, counted):
        try:
            yield block.post()
        except DataError as error:
            yield BadRow(block.id, error.problem())


def unified_tag(tag: str) -> str:
    """An IOB2 tag with its type's one name: `B-OTHER` → `B-MISC`."""
    prefix, dash, kind = tag.partition("-")
    return f"{prefix}-{UNIFIED.get(kind, kind)}" if dash else tag


def _decoded(lines: Iterable[bytes], path: Path) -> Iterator[tuple[int, str | DataError]]:
    for number, raw in enumerate(lines, 1):
        if number == 1 and raw.startswith(UTF16):
            raise DataError("the file is UTF-16, not UTF-8", f"{path}:1", "Convert the file to UTF-8")
        try:
            line = (raw.removeprefix(BOM) if number == 1 else raw).decode("utf-8")
        except UnicodeDecodeError:
            yield number, DataError("the line is not UTF-8", f"{path}:{number}", "Convert the file to UTF-8")
            continue
        if _LONE_CR.search(line):
            what = "a carriage return inside a line, which ends lines in files of old Macs"
            yield number, DataError(what, f"{path}:{number}", "Write line feeds instead: tr '\\r' '\\n'")
        else:
            yield number, line.removesuffix("\n").removesuffix("\r")
