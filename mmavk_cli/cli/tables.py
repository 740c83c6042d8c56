"""Numbers in words: tables that fit eighty columns, the width of a pipe."""

from typing import TYPE_CHECKING

import typer

from mmavk_cli.report.table_section import Section

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

ENDLESS = 1 << 20
"""Columns of a screen on which every table fits."""


def number_table(*columns: str, words: int = 1) -> "Table":
    """A table without lines; the first `words` columns are text, the others numbers, which are never cut."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(
            column, justify="right" if number >= words else "left", no_wrap=number >= words, overflow="fold"
        )
    return table


def fits(table: "Table", console: "Console") -> bool:
    """Whether a table is no wider than the screen; Rich would cut its numbers."""
    return console.measure(table, options=console.options.update(width=ENDLESS)).maximum <= console.width


def print_section(section: Section) -> None:
    """Print a section: heading, table, remarks."""
    from rich.console import Console

    typer.echo(section.heading)
    table = number_table(*section.head, words=section.words)
    for row in section.rows:
        table.add_row(*row)
    Console().print(table)
    for line in section.remarks:
        typer.echo(line)
