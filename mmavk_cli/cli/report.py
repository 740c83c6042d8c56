"""Command line of `mmavk report`."""

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import progress
from mmavk_cli.flows.report import ReportSettings, report

TEXT = """Show runs on one page: scores, curves, and every post with its names highlighted.

The page is one self-contained HTML file: scores by type with their intervals, errors, calibration, similarities,
learning curves, a threshold sweep, whatever the runs contain; and the posts, with predictions against gold, filtered by
type, kind of error and what the knowledge changed (give a run with knowledge and one of the same model without).
Several runs are shown side by side, with their differences. Prints the path of the file."""

EXAMPLES = [
    "mmavk report runs/own",
    "mmavk report runs/own runs/blank --out compared.html",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk report`."""
    add_command(app, "report", ReportSettings, _report, TEXT, EXAMPLES)


def _report(settings: ReportSettings) -> None:
    with progress("pictures", settings.quiet) as on_progress:
        made = report(settings, on_progress)
    if settings.format == "json":
        print_json({"page": str(made.path), "bytes": made.size, "posts": made.posts, "pictures": made.pictures})
    else:
        typer.echo(made.path)
    if not settings.quiet:
        size = f"{made.size / 1e6:.1f} MB, {made.posts:,} posts, {made.pictures:,} pictures"
        typer.echo(f"mmavk: {size}", err=True)
