"""Command line of `mmavk sweep`."""

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import progress
from mmavk_cli.cli.tables import print_section
from mmavk_cli.flows.sweep.sweep import SweepSettings, sweep

TEXT = """Score a trained model at every threshold: the paper's Figure 4.

Posts are tagged twice, with all knowledge at full weight and with all of it gated; each threshold selects one of the
two results for every post, so many thresholds cost no more than one. The table shows the share of posts whose knowledge
is gated, the scores with 95 % intervals, and which thresholds differ significantly from using all knowledge. The
similarities are CLIP's if `mmavk score` wrote them into the store, else the text scorer's.

The model is not trained again. Choose a threshold on the validation split."""

EXAMPLES = [
    "mmavk sweep --model embedded --dataset twitter2017 --knowledge blip2 --out runs/sweep",
    "mmavk sweep --model embedded --dataset twitter2017 --knowledge blip2 --split valid --thresholds 0:0.5:0.1 "
    "--format json",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk sweep`."""
    add_command(app, "sweep", SweepSettings, _sweep, TEXT, EXAMPLES)


def _sweep(settings: SweepSettings) -> None:
    with progress("posts", settings.quiet) as on_progress:
        result = sweep(settings, on_progress)
    if settings.format == "json":
        print_json(result.as_json())
    else:
        print_section(result.section())
