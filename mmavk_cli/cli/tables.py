"""Numbers in words: tables that fit eighty columns, the width of a pipe, and gaps between systems."""

from typing import TYPE_CHECKING

from mmavk_cli.report.significance import Difference

if TYPE_CHECKING:
    from rich.table import Table

CHANCE = "no gap that is more than chance"


def number_table(*columns: str, words: int = 1) -> "Table":
    """A table without lines; the first `words` columns are text, the others numbers, which are never cut."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(
            column, justify="right" if number >= words else "left", no_wrap=number >= words, overflow="fold"
        )
    return table


def gap_text(gap: Difference) -> str:
    """A difference of F1 with what is known of it."""
    low, high = gap.interval
    return f"{gap.difference:+.2f}, 95 % interval {low:+.2f} to {high:+.2f}, p = {gap.p:.4f}"
