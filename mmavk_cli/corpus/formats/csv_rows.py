"""Rows of a table of text: commas, semicolons, tabs or bars between cells, quotes as spreadsheets write them."""

import csv
import io
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import UTF16

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

LONGEST = 10_000
"""Lines that one row may take; a quote that is never closed would take the file."""

_SEP = re.compile(r"sep=(.)", re.IGNORECASE)
"""The line by which Excel is told what stands between cells."""
_LONE = re.compile(r"[\udc80-\udcff]")
"""A byte that is not UTF-8, as the decoder keeps it."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row with the numbers of its first and last line; `fault` where its quotes are not closed."""

    line: int
    last: int
    cells: list[str]
    fault: str = ""


def decoded_lines(lines: Iterable[bytes], name: str) -> Iterator[str]:
    """The lines of a table, line ends included; bytes that are not UTF-8 stay as half surrogates (`not_utf8`).

    Raises:
        DataError: the file is UTF-16.
    """
    for number, raw in enumerate(lines):
        if number == 0 and raw.startswith(UTF16):
            raise DataError("the table is UTF-16, not UTF-8", f"{name}:1", "Save it as CSV UTF-8")
        text = raw.decode("utf-8", "surrogateescape")
        yield from io.StringIO(text.removeprefix("\ufeff") if number == 0 else text, newline="")


def not_utf8(row: TableRow) -> bool:
    """A cell has bytes that are not UTF-8."""
    return any(_LONE.search(cell) for cell in row.cells)


def heading_of(lines: Iterator[str]) -> tuple[list[str], str | None, str | None]:
    """The blank lines above the first row, one for Excel's `sep=;` too; that row; the delimiter that `sep=` says."""
    above: list[str] = []
    said = None
    for line in lines:
        if not above and (found := _SEP.fullmatch(line.strip("\r\n"))):
            said = found[1]
        elif line.strip():
            return above, line, said
        above.append("\n")
    return above, None, said


def delimiter_of(first: str) -> str:
    """What stands between the cells of a first line: the commonest of the delimiters outside quotes."""
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count)


def table_rows(lines: Iterable[str], delimiter: str) -> Iterator[TableRow]:
    """The rows, blank lines left out. A quote that opens a cell and is not closed as a spreadsheet would close it is a
    character like any other, where the line has as many cells as the first row.
    """
    csv.field_size_limit(sys.maxsize)
    source = iter(lines)
    waiting: deque[str] = deque()
    number, width = 1, 0
    while True:
        taken: list[str] = []
        first = next(_taking(waiting, source, taken), None)
        if first is None:
            return
        if not first.strip():
            number += 1
            continue
        row, used = _row(first, waiting, source, delimiter, width)
        width = width or len(row.cells)
        yield TableRow(number, number + used - 1, row.cells, row.fault)
        number += used


def _row(first: str, waiting: deque[str], source: Iterator[str], delimiter: str, width: int) -> tuple[TableRow, int]:
    taken: list[str] = []
    lines = islice(_taking(waiting, source, taken), LONGEST)
    fault = ""
    try:
        cells = next(csv.reader(_chained(first, lines), delimiter=delimiter, strict=True))
    except csv.Error as error:
        cells, fault = [], str(error)
    fits = not width or (len(cells) == width and not _unquoted([first, *taken], delimiter, width))
    if not fault and (not taken or fits):
        return TableRow(0, 0, cells), 1 + len(taken)
    waiting.extendleft(reversed(taken))
    plain = next(csv.reader([first], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
    if len(plain) == width or (not width and not fault):
        return TableRow(0, 0, plain), 1
    return TableRow(0, 0, plain, f"a quote is not closed ({fault})" if fault else ""), 1


def _unquoted(lines: list[str], delimiter: str, width: int) -> bool:
    """Tabs with no quoting: every line that a quote would join has all of its cells."""
    return delimiter == "\t" and all(line.count(delimiter) == width - 1 for line in lines)


def _chained(first: str, lines: Iterable[str]) -> Iterator[str]:
    yield first
    yield from lines


def _taking(waiting: deque[str], source: Iterator[str], taken: list[str]) -> Iterator[str]:
    """The lines that wait, then those of the source; each that is taken is kept."""
    while True:
        line = waiting.popleft() if waiting else next(source, None)
        if line is None:
            return
        taken.append(line)
        yield line
