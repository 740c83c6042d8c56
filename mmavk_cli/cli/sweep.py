"""The words of `mmavk sweep`."""

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import progress
from mmavk_cli.cli.tables import print_section
from mmavk_cli.flows.sweep.sweep import SweepSettings, sweep

TEXT = """Score a trained model at every threshold: the paper's Figure 4.

Posts are tagged twice, with all knowledge in full and with all of it gated; each threshold takes every post from the
one or the other, so many thresholds cost no more than one. The table says which share of the posts with knowledge is
gated, what scores they give with 95 % intervals, and which thresholds differ from using all knowledge by more than
chance. The similarities are CLIP's where `mmavk score` put them into the store, else the text scorer's.

The model stays as it was trained. Choose a threshold on the validation split."""

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
