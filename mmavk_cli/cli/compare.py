"""Command line of `mmavk compare`."""

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import progress
from mmavk_cli.cli.tables import number_table
from mmavk_cli.flows.compare import CompareSettings, Comparison, compare
from mmavk_cli.report.metrics.pairwise import sentence
from mmavk_cli.report.metrics.seeds import Spread

TEXT = """Compare evaluated runs: which differences are significant.

Reads runs of `mmavk eval --out RUN` on the same file, counts in strict IOB2, and tests every pair of runs by
approximate randomisation over posts. For a folder with several seeds it shows mean±sd, and tests the sum of their
counts. A difference with a p-value of 0.05 or more is not significant; with more than two runs the p-values are
corrected by Holm's method."""

EXAMPLES = [
    "mmavk compare runs/own runs/blank",
    "mmavk compare runs/own runs/blank runs/none --format json",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk compare`."""
    add_command(app, "compare", CompareSettings, _compare, TEXT, EXAMPLES)


def _compare(settings: CompareSettings) -> None:
    with progress("pairs of runs", settings.quiet) as on_progress:
        result = compare(settings, on_progress)
    if settings.format == "json":
        print_json(result.as_json())
    else:
        _print(result)


def _print(result: Comparison) -> None:
    from rich.console import Console

    typer.echo(f"{result.dataset} {result.split}, {result.posts} posts, strict")
    table = number_table("run", "knowledge", "P", "R", "F1", "95 %", "gold", words=2)
    for run in result.runs:
        scores = run.scores
        ends = "{:.1f}-{:.1f}".format(*scores.interval) if scores.interval else ""
        numbers = (_shown(one) for one in (scores.precision, scores.recall, scores.f1))
        table.add_row(run.run, run.knowledge, *numbers, ends, str(scores.gold))
    Console().print(table)
    for gap in result.gaps:
        typer.echo(sentence(gap))


def _shown(score: float | Spread) -> str:
    return f"{score:.2f}" if isinstance(score, float) else str(score)
