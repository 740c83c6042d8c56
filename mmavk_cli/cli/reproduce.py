"""The words of `mmavk reproduce`."""

import typer

from mmavk_cli.base.records import Json
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.tables import number_table
from mmavk_cli.flows.reproduce import reproduce
from mmavk_cli.flows.reproduce_settings import ReproduceSettings
from mmavk_cli.report.section import Section

TEXT = """Reproduce a table of the paper: our numbers beside the published ones.

table4 trains and scores the fusions T+I, T-only, concat (T+T) and word; table3 trains `word` with each knowledge in the
store (`--knowledge blip2,pgim` chooses), without a similarity filter. Every cell is a run folder in GRID; what is
finished is never done again, so a stopped grid goes on when the command is repeated, and several processes may work on
one grid. A cell that fails is told in the table and stops no other; the exit code is then that of the first that
failed."""

EXAMPLES = [
    "mmavk reproduce table4 --dataset twitter2017 --knowledge blip2 --only text,word --epochs 1 --out runs/grid",
    "mmavk reproduce table3 --dataset twitter2017 --knowledge blip2 --seeds 1,2 --epochs 1 --out runs/grid",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk reproduce`."""
    add_command(app, "reproduce", ReproduceSettings, _reproduce, TEXT, EXAMPLES)


def _reproduce(settings: ReproduceSettings) -> None:
    def tell(cell: str, line: Json) -> None:
        if not settings.quiet and (settings.verbose or "loss" not in line):
            numbers = "  ".join(f"{name} {_short(value)}" for name, value in line.items())
            typer.echo(f"{cell}: {numbers}", err=True)

    found = reproduce(settings, tell)
    if settings.format == "json":
        print_json(found.content)
    else:
        for number, section in enumerate(found.sections):
            typer.echo("\n" if number else "", nl=False)
            _print(section)
    if found.files and not settings.quiet:
        typer.echo(f"written: {', '.join(map(str, found.files))}", err=True)
    if found.code:
        raise typer.Exit(found.code)


def _print(section: Section) -> None:
    from rich.console import Console

    typer.echo(section.heading)
    table = number_table(*section.head, words=section.words)
    for row in section.rows:
        table.add_row(*row)
    Console().print(table)
    for line in section.remarks:
        typer.echo(line)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
