"""The words of `mmavk train`."""

import typer

from mmavk_cli.base.files import unfinished_folder
from mmavk_cli.base.records import Json
from mmavk_cli.cli.options import add_command
from mmavk_cli.flows.train import Tell, TrainSettings, train
from mmavk_cli.flows.train_seeds import train_seeds

TEXT = """Train a tagger on one or more data sets.

The network is the paper's (equations 5 to 12). After every epoch it is scored on the validation split; the best epoch
is kept in the run folder. The test split is never read.

With --seeds there is one run folder a seed in RUN, and scores.json has their mean and standard deviation. A seed that
is finished is not trained again when the command is repeated.

A training that was interrupted is continued by the same command with --resume, to the same weights. On several GPUs:
torchrun --nproc-per-node 2 -m mmavk_cli train …"""

EXAMPLES = [
    "mmavk train --dataset twitter2017 --encoder minilm --epochs 8 --out runs/text",
    "mmavk train --recipe embedded --out runs/embedded",
    "mmavk train --dataset twitter2017 --epochs 8 --seeds 1,2,3 --out runs/seeds",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk train`."""
    add_command(app, "train", TrainSettings, _train, TEXT, EXAMPLES)


def _train(settings: TrainSettings) -> None:
    def tell(line: Json) -> None:
        if not settings.quiet:
            typer.echo("  ".join(f"{name} {_short(value)}" for name, value in line.items()), err=True)

    try:
        if settings.seeds:
            _say_seeds(settings, tell)
            return
        best = train(settings, tell)
    except KeyboardInterrupt:
        if unfinished_folder(settings.out).exists():
            typer.echo("mmavk: the same command with --resume continues this training", err=True)
        raise
    if best:  # of the processes of torchrun the first alone has scores
        typer.echo(f"{settings.out}\tvalidation F1 {best['f1']:.2f}\tepoch {best['epoch']}")


def _say_seeds(settings: TrainSettings, tell: Tell) -> None:
    summary = train_seeds(settings, tell)
    for seed, best in summary.runs.items():
        typer.echo(f"{settings.out}/seed-{seed}\tvalidation F1 {best['f1']:.2f}\tepoch {best['epoch']}")
    typer.echo(f"{settings.out}\tvalidation F1 {summary.scores['f1']}")


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
