"""Numbers in words: tables that fit eighty columns, the width of a pipe."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table


def number_table(*columns: str, words: int = 1) -> "Table":
    """A table without lines; the first `words` columns are text, the others numbers, which are never cut."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(
            column, justify="right" if number >= words else "left", no_wrap=number >= words, overflow="fold"
        )
    return table
