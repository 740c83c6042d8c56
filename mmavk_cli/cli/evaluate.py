"""The words of `mmavk eval`."""

import json

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.progress import progress
from mmavk_cli.flows.evaluate import EvalSettings, Evaluation, evaluate

TEXT = """Score a model on a split of a data set.

Precision, recall and F1 in percent, overall and per type. `--as strict` counts entities in strict IOB2, `--as
conlleval` lets an I- that continues nothing begin one; the gold counts differ, so name the rule with the number."""

EXAMPLES = [
    "mmavk eval embedded --dataset twitter2017 --split test",
    "mmavk eval embedded --dataset twitter2015 --knowledge blip2 --pairing shuffled --format json",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk eval`."""
    add_command(app, "eval", EvalSettings, _eval, TEXT, EXAMPLES)


def _eval(settings: EvalSettings) -> None:
    with progress("posts", settings.quiet) as told:
        result = evaluate(settings, told)
    if settings.format == "json":
        typer.echo(json.dumps(result.as_json(), indent=2, ensure_ascii=False))
    else:
        _print(result, settings)


def _print(result: Evaluation, settings: EvalSettings) -> None:
    from rich.console import Console
    from rich.table import Table

    title = f"{result.model} on {result.dataset} {result.split}, {settings.rule}, knowledge: {result.knowledge}"
    table = Table(title=title, title_justify="left")
    for column in ("", "precision", "recall", "F1", "gold"):
        table.add_column(column, justify="right" if column else "left")
    rows = result.strict if settings.rule == "strict" else result.conlleval
    for name, row in rows.items():
        table.add_row(name, f"{row.precision:.2f}", f"{row.recall:.2f}", f"{row.f1:.2f}", str(row.gold))
        if name == "overall":
            table.add_section()
    Console().print(table)
    typer.echo(f"{result.posts} posts, knowledge counted in {result.with_knowledge}")
