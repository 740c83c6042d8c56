"""CSV and TSV: a row a post, or a row a name."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any

from mmavk_cli.base.csv_cells import COLUMNS, name_rows, table_line
from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.records import BadRow, Counted, Json, Post, Rows
from mmavk_cli.corpus.formats.csv_rows import (
    DELIMITERS,
    TableRow,
    decoded_lines,
    delimiter_of,
    heading_of,
    not_utf8,
    table_rows,
)  # fmt: skip
from mmavk_cli.corpus.formats.format import Put, picture_field
from mmavk_cli.corpus.formats.said import Said
from mmavk_cli.corpus.jsonl import post_of
from mmavk_cli.spans import characters, strict_spans

SEEN = 50
"""Rows that are looked at to tell which column holds the text."""

TEXTS = (
    "text", "fulltext", "tweet", "tweettext", "content", "body", "post", "posttext", "message", "sentence", "comment",
    "caption", "title", "string",
)  # fmt: skip
IMAGES = ("image", "picture", "photo", "imagepath", "imageurl", "mediaurl", "img", "imageid")
IDS = ("id", "idstr", "tweetid", "postid", "textid", "uid")
"""What columns are called, without blanks, `_`, `-` and capitals, in the order in which they are looked for."""

WORDS, TAGS = {"word", "token", "words", "tokens"}, {"tag", "label", "ner", "nertag", "nertags", "iob"}


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """Columns that a person names, by their heading or number from 1; None: it is guessed."""

    text: str | None = None
    image: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class _Layout:
    """Numbers of the columns, from 0."""

    width: int
    text: int
    image: int | None = None
    id: int | None = None
    image_id: int | None = None
    span: tuple[int, int, int] | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `delimiter` None: it is guessed from the first line."""

    name: str
    suffix: str
    delimiter: str | None = None
    columns: ColumnNames = ColumnNames()

    def read(self, path: Path, counted: Counted) -> Rows:
        """The posts of a file; a row that cannot be one is a `BadRow`.

        Raises:
            DataError: it cannot be read. UsageError: a column that is not there.
        """
        try:
            with path.open("rb") as handle:
                yield from self._posts(handle, str(path), path.parent, counted)
        except OSError as error:
            raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error

    def read_lines(self, lines: Iterable[bytes], counted: Counted) -> Rows:
        """The posts of standard input."""
        return self._posts(lines, "stdin", Path(), counted)

    def _posts(self, lines: Iterable[bytes], name: str, folder: Path, counted: Counted) -> Rows:
        texts = decoded_lines(lines, name)
        above, first, said = heading_of(texts)
        if first is None:
            return
        delimiter = self.delimiter or said or delimiter_of(first)
        rows = table_rows(chain(above, [first], texts), delimiter)
        head = list(islice(rows, SEEN))
        layout, headed = _layout(head, self.columns, name, delimiter, Said(counted))
        good = chain(head[headed:], rows)
        for _key, group in groupby(_checked(good, layout, name), key=lambda one: _key_of(one, layout)):
            yield from _post_rows(list(group), layout, name, folder, counted)

    def record(self, post: Post, folder: Path) -> list[list[str]]:
        """The post's rows: one a name, or one without a name."""
        return name_rows(post, [(*name, "") for name in _names(post)], picture_field(post, folder))

    def post(self, record: list[list[str]], folder: Path) -> Post:
        """The post that rows are read as."""
        lines = [self.heading, *(self.line([row]) for row in record)]
        (row,) = self._posts((line.encode("utf-8", "surrogatepass") for line in lines), "", folder, Counted())
        if isinstance(row, BadRow):
            raise DataError(row.problem.what, "", row.problem.do)
        return row

    @property
    def heading(self) -> str:
        """The first line."""
        return table_line(COLUMNS, self.delimiter or ",")

    def line(self, record: list[list[str]]) -> str:
        """The rows as text."""
        return "".join(table_line(row, self.delimiter or ",") for row in record)

    @contextmanager
    def writer(self, path: Path) -> Iterator[Put]:
        """Writes rows into a file, the heading first."""
        with atomic_write(path) as handle:
            handle.write(self.heading)
            yield lambda record: handle.write(self.line(record))


def _names(post: Post) -> list[tuple[int, int, str]]:
    return [(*characters(span, post.words), span.type) for span in strict_spans(post.tags or ())]


def _plain(heading: str) -> str:
    return "".join(character for character in heading.casefold() if character.isalnum())


def _layout(head: list[TableRow], given: ColumnNames, where: str, delimiter: str, say: Said) -> tuple[_Layout, int]:
    """The columns, and how many of the first rows are headings; what is guessed is told."""
    first = head[0].cells
    names = [_plain(cell) for cell in first]
    if set(names) & WORDS and set(names) & TAGS and not set(names) & (set(TEXTS) - {"sentence"}):
        advice = "Write it as CoNLL: a word, a tab and its tag a line, a blank line after each post"
        raise DataError("this is a table of a word a row", f"{where}:1", advice)
    own = tuple(first) == COLUMNS
    headed = int(_has_heading(head, given))
    shown = list(first) if headed else _numbered(len(first))

    def found(name: str | None, usual: tuple[str, ...], flag: str) -> int | None:
        if name is not None:
            return _said(name, first if headed else [], len(first), flag)
        return next((names.index(one) for one in usual if headed and one in names), None)

    text = found(given.text, TEXTS, "--text-column")
    if text is None:
        text = _longest(head[headed:], len(first))
    image, id_ = found(given.image, IMAGES, "--image-column"), found(given.id, IDS, "--id-column")
    image_id = names.index("imageid") if headed and "imageid" in names else None
    if image == image_id and given.image is None:
        image = None
    span = _span(names) if headed else None
    read = {text, image, id_, image_id, *(span or ())}
    parts = [f"{what} from {shown[at]!r}" for what, at in (("id", id_), ("picture", image)) if at is not None]
    unread = [shown[at] for at in range(len(first)) if at not in read]
    left = f"; not read: {', '.join(map(repr, unread))}" if unread else ""
    heading = "" if headed else "; there is no heading, and the first row is a post"
    if not own:
        parts.insert(0, f"{DELIMITERS.get(delimiter, delimiter)} between cells, text from {shown[text]!r}")
        say(f"{', '.join(parts)}{left}{heading}", where)
    return _Layout(len(first), text, image, id_, image_id, span, own), headed


def _numbered(width: int) -> list[str]:
    return [f"column {number}" for number in range(1, width + 1)]


def _said(name: str, headings: list[str], width: int, flag: str) -> int:
    if name in headings:
        return headings.index(name)
    if name.isdecimal() and 1 <= int(name) <= width:
        return int(name) - 1
    there = ", ".join(headings) if headings else f"1 to {width}"
    raise UsageError(f"no column {name!r}", flag, f"There is: {there}")


def _has_heading(head: list[TableRow], given: ColumnNames) -> bool:
    first = head[0].cells
    names = {_plain(cell) for cell in first}
    if any(name in first for name in (given.text, given.image, given.id)):
        return True
    if names & {*TEXTS, *IDS, *IMAGES} and all(len(cell) < 40 for cell in first):  # noqa: PLR2004
        return True
    if len(head) == 1 or not all(cell.strip() for cell in first):
        return False
    at = _longest(head[1:], len(first))
    others = [len(row.cells[at].split()) for row in head[1:] if len(row.cells) > at]
    short = all(len(cell.split()) == 1 and not cell[:1].isdigit() for cell in first)
    return short and bool(others) and min(others) > 1


def _longest(rows: list[TableRow], width: int) -> int:
    """The column with the most words."""
    words = [0] * width
    for row in rows:
        for at, cell in enumerate(row.cells[:width]):
            words[at] += len(cell.split())
    return words.index(max(words))


def _span(names: list[str]) -> tuple[int, int, int] | None:
    kind = next((names.index(one) for one in ("type", "label", "tag") if one in names), None)
    if kind is None or "start" not in names or "end" not in names:
        return None
    return names.index("start"), names.index("end"), kind


def _checked(rows: Iterable[TableRow], layout: _Layout, name: str) -> Iterator[TableRow | BadRow]:
    for row in rows:
        where, stem = f"{name}:{row.line}", f"{Path(name).stem}-{row.line}"
        if not_utf8(row):
            yield BadRow(stem, DataError("the row is not UTF-8", where, "Save the table as CSV UTF-8").problem())
        elif row.fault:
            yield BadRow(stem, DataError(row.fault, where, 'Write "" for a quote inside quotes').problem())
        elif len(row.cells) != layout.width:
            what = f"{len(row.cells)} cells where the first row has {layout.width}"
            yield BadRow(
                stem, DataError(what, where, "Put quotes around a cell with a delimiter or line end").problem()
            )
        else:
            yield row


def _key_of(row: TableRow | BadRow, layout: _Layout) -> Any:
    """Rows of one post have one key: those of names that follow each other with one id and text."""
    if isinstance(row, BadRow):
        return row.problem.where
    if layout.span is None or not row.cells[layout.span[0]]:
        return row.line
    return (row.cells[layout.id] if layout.id is not None else "", row.cells[layout.text])


def _post_rows(rows: list[TableRow | BadRow], layout: _Layout, name: str, folder: Path, counted: Counted) -> Rows:
    first = rows[0]
    if isinstance(first, BadRow):
        yield first
        return
    where, stem = f"{name}:{first.line}", f"{Path(name).stem}-{first.line}"
    try:
        row = _fields(first, layout) | {"id": None}
        id_ = _cell(first, layout.id, layout.own)
        if layout.span is not None:
            row["entities"] = [one for each in rows if isinstance(each, TableRow) for one in _entity(each, layout)]
        yield post_of(row, id_ or stem, folder, where, counted)
    except DataError as error:
        yield BadRow(stem, error.problem())


def _fields(row: TableRow, layout: _Layout) -> Json:
    return {
        "text": _cell(row, layout.text, layout.own),
        "image": _cell(row, layout.image, layout.own) or None,
        "image_id": _cell(row, layout.image_id, layout.own) or None,
    }


def _cell(row: TableRow, at: int | None, own: bool) -> str:
    text = row.cells[at] if at is not None else ""
    return text[1:] if own and text.startswith("'") else text


def _entity(row: TableRow, layout: _Layout) -> list[Json]:
    if layout.span is None or not row.cells[layout.span[0]]:
        return []
    start, end = (row.cells[at] for at in layout.span[:2])
    if not (start.isdecimal() and end.isdecimal()):
        raise DataError(f"start and end are no numbers: {start!r}, {end!r}", "", "Count characters from 0")
    return [{"start": int(start), "end": int(end), "type": _cell(row, layout.span[2], layout.own)}]
