"""The words of `mmavk train`."""

import typer

from mmavk_cli.base.files import unfinished_folder
from mmavk_cli.base.records import Json
from mmavk_cli.cli.options import add_command
from mmavk_cli.flows.train import TrainSettings, train

TEXT = """Train a tagger on one or more data sets.

The network is the paper's (equations 5 to 12). After every epoch it is scored on the validation split; the best epoch
is kept in the run folder. The test split is never read.

A training that was interrupted is continued by the same command with --resume, to the same weights. On several GPUs:
torchrun --nproc-per-node 2 -m mmavk_cli train …"""

EXAMPLES = [
    "mmavk train --dataset twitter2017 --encoder minilm --epochs 8 --out runs/text",
    "mmavk train --recipe embedded --out runs/embedded",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk train`."""
    add_command(app, "train", TrainSettings, _train, TEXT, EXAMPLES)


def _train(settings: TrainSettings) -> None:
    def tell(line: Json) -> None:
        if not settings.quiet:
            typer.echo("  ".join(f"{name} {_short(value)}" for name, value in line.items()), err=True)

    try:
        best = train(settings, tell)
    except KeyboardInterrupt:
        if unfinished_folder(settings.out).exists():
            typer.echo("mmavk: the same command with --resume continues this training", err=True)
        raise
    if best:  # of the processes of torchrun the first alone has scores
        typer.echo(f"{settings.out}\tvalidation F1 {best['f1']:.2f}\tepoch {best['epoch']}")


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
