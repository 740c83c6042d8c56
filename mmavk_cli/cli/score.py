"""Command line of `mmavk score`."""

from typing import TYPE_CHECKING

import typer

from mmavk_cli.cli.faults import FaultPrinter
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import progress
from mmavk_cli.cli.tables import number_table
from mmavk_cli.flows.score.score import TEXT as TEXT_SCORER
from mmavk_cli.flows.score.score import Scores, ScoreSettings, score
from mmavk_cli.report.metrics.similarities import Distribution

if TYPE_CHECKING:
    from rich.table import Table

TEXT = """Measure how related posts and pictures are, and what a threshold would do.

The similarity is the cosine of CLIP's embeddings of the text and the picture (the paper's equations 2 to 4). It is
cached in the store, and so is the embedding of each picture and each text: a new text for a known picture does not
encode the picture again, and what is cached needs no model. Texts are truncated at 77 tokens; the number of longer
texts is reported.

--images alone encodes pictures before there are posts. --scorer text compares posts with knowledge in the store, as the
embedded profile does, and needs no CLIP.

Nothing is downloaded. If weights are missing, the command says how to get them and exits 5. A picture that cannot be
read is reported and counted, and the command exits 3 at its end."""

EXAMPLES = [
    "mmavk score --dataset twitter2017 --out runs/clip",
    "mmavk score --input docs/examples/posts.jsonl --clip models/clip --gate-at 0.3",
    "mmavk score --images docs/examples/folder --clip models/clip --format json",
    "mmavk score --dataset twitter2017 --scorer text --knowledge blip2 --gate-at 0.15",
]

BAR = 30
"""Characters of the longest bar."""


def add(app: typer.Typer) -> None:
    """Add `mmavk score`."""
    add_command(app, "score", ScoreSettings, _score, TEXT, EXAMPLES)


def _score(settings: ScoreSettings) -> int:
    with progress("posts", settings.quiet) as on_progress:
        result = score(settings, on_progress, FaultPrinter(settings.verbose))
    if settings.format == "json":
        print_json(result.as_json())
    else:
        _print(result, settings)
    for note in result.notes:
        typer.echo(f"note: {note}", err=True)
    if result.code:
        rows, pictures = result.counts["bad_rows"], result.counts["bad_pictures"]
        typer.echo(f"mmavk: {result.source}: bad rows: {rows}, pictures that cannot be read: {pictures}", err=True)
    return result.code


def _print(result: Scores, settings: ScoreSettings) -> None:
    counts = {name: number for name, number in result.counts.items() if number or name in {"posts", "scored"}}
    typer.echo(f"{result.source}, scorer {result.scorer}")
    typer.echo(", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in counts.items()))
    if result.similarities is None:
        typer.echo("No post has both sides of the comparison.")
        return
    from rich.console import Console

    console = Console()
    console.print(_numbers(result, result.similarities))
    for cut, share in result.similarities.gated.items():
        typer.echo(f"under {cut}: {share:.1%} of {result.similarities.posts:,} posts")
    console.print(_histogram(result.similarities))
    if settings.scorer == TEXT_SCORER:
        typer.echo("These are not CLIP cosines: the paper's thresholds do not apply.")


def _numbers(result: Scores, found: Distribution) -> "Table":
    table = number_table("", "mean", "median", *(f"{float(share):.0%}" for share in found.quantiles), "min", "max")
    values = (found.mean, found.median, *found.quantiles.values(), found.lowest, found.highest)
    table.add_row("here", *(f"{value:.4f}" for value in values))
    if result.published:
        mean, median = (f"{result.published[name]:.4f}" for name in ("mean", "median"))
        table.add_row("paper", mean, median, *("" for _ in values[2:]))
    return table


def _histogram(found: Distribution) -> "Table":
    table = number_table("similarity", "posts", "under", "", words=1)
    table.columns[-1].justify = "left"
    highest = max(one.posts for one in found.bins)
    for one in found.bins:
        bar = "█" * round(BAR * one.posts / highest) or ("▏" if one.posts else "")
        table.add_row(f"{one.low:.3f} to {one.high:.3f}", f"{one.posts:,}", f"{one.under:.1%}", bar)
    return table
