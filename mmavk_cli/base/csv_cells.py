"""Tables that mmavk writes: their columns, and cells that no spreadsheet runs as a formula."""

import csv
import io
from collections.abc import Sequence

from mmavk_cli.base.records import Post

COLUMNS = ("id", "text", "start", "end", "type", "name", "score", "image_id", "image")
"""A row a name; a post without names has one row, whose name is empty."""

ACTING = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a cell that begins so for a formula; it is written behind a `'`, and so is one with a `'`."""


def table_line(cells: Sequence[str], delimiter: str = ",") -> str:
    """Cells as one line of a table; one with a line end in it is quoted."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def safe_cell(text: str) -> str:
    """A text as a cell that is shown, not run (CSV injection)."""
    return f"'{text}" if text.startswith(ACTING) else text


def name_rows(post: Post, names: Sequence[tuple[int, int, str, str]], image: str | None) -> list[list[str]]:
    """A post's rows in `COLUMNS`, one a name (start, end, type, score), or one without a name."""
    before = [safe_cell(post.id), safe_cell(post.text)]
    after = [safe_cell(post.image_id or ""), safe_cell(image or "")]
    if not names:
        return [[*before, "", "", "", "", "", *after]]
    return [
        [*before, str(start), str(end), safe_cell(kind), safe_cell(post.text[start:end]), score, *after]
        for start, end, kind, score in names
    ]
