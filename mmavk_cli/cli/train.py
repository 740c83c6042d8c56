"""Command line of `mmavk train`."""

import typer

from mmavk_cli.base.records import Json
from mmavk_cli.cli.options import JSON, add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.flows.shared.progress import Log
from mmavk_cli.flows.train.dry_run import DryRun, dry_run
from mmavk_cli.flows.train.resume import is_first
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.flows.train.several_seeds import train_seeds
from mmavk_cli.flows.train.train import train

TEXT = """Train a tagger on one or more data sets.

The network is the paper's (equations 5 to 12). It is evaluated on the validation split after every epoch, and the
checkpoint of the best epoch is saved in the run folder. The test split is never read. The types are those of the train
splits; --types renames them on the way in, and the checkpoint keeps that for eval.

With --seeds there is one run folder for each seed, and scores.json has their mean and standard deviation. A finished
seed is not trained again when the command is repeated.

Repeat the command with --resume to resume an interrupted training, to the same weights. On several GPUs:
torchrun --nproc-per-node 2 -m mmavk_cli train …"""

EXAMPLES = [
    "mmavk train --dataset twitter2017 --encoder minilm --epochs 8 --out runs/text",
    "mmavk train --dataset twitter2017 --recipe mmavk --out runs/paper --dry-run",
    "mmavk train --dataset twitter2017 --types PER=PERSON,MISC=drop --epochs 1 --out runs/renamed",
    "mmavk train --recipe embedded --out runs/embedded",
    "mmavk train --dataset twitter2017 --epochs 2 --seeds 1,2 --out runs/seeds",
    "mmavk train --dataset twitter2017 --epochs 1 --out runs/quick --quiet --json",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk train`."""
    add_command(app, "train", TrainSettings, _train, TEXT, EXAMPLES)


def _train(settings: TrainSettings) -> None:
    def tell(line: Json) -> None:
        if not settings.quiet:
            typer.echo("  ".join(f"{name} {_short(value)}" for name, value in line.items()), err=True)

    if settings.knowledge is None and settings.reads_knowledge and not settings.quiet and is_first():
        typer.echo("note: without --knowledge NAME the model learns from the words alone", err=True)
    if settings.dry_run:
        plan = dry_run(settings)
        print_json(plan.as_json()) if settings.format == JSON else _print_plan(plan)
        return
    try:
        _print_scores(settings, tell)
    except KeyboardInterrupt:
        typer.echo("mmavk: repeat the command with --resume to continue this training", err=True)
        raise


def _print_scores(settings: TrainSettings, tell: Log) -> None:
    lines = []
    if settings.seeds:
        summary = train_seeds(settings, tell)
        found = summary.as_json()
        lines = [_scored(f"{settings.out}/seed-{seed}", best) for seed, best in summary.runs.items()]
        lines.append(f"{settings.out}\tvalidation F1 {summary.scores['f1']}")
    elif found := train(settings, tell):  # of the processes of torchrun the first alone has scores
        lines = [_scored(str(settings.out), found)]
    if settings.format == JSON and lines:
        print_json({"run": str(settings.out), "scores": found})
        return
    for line in lines:
        typer.echo(line)


def _scored(run: str, best: Json) -> str:
    return f"{run}\tvalidation F1 {best['f1']:.2f}\tepoch {best['epoch']}"


def _print_plan(plan: DryRun) -> None:
    """Lines of `what, which, value`, separated by tabs."""
    for split, count in plan.counts.items():
        typer.echo(f"data\t{split}\t{_pairs(count)}")
    for line in plan.types:
        typer.echo(f"learned\t\t{_pairs(line)}")
    for line in plan.long_names:
        typer.echo(f"not learned\t\t{_pairs(line)}")
    typer.echo(f"updates\t\t{_pairs(plan.updates)}")
    typer.echo(f"encoder\t{plan.settings['encoder']}\t{plan.parameters / 1e6:.1f} million parameters")
    for row in plan.memory:
        way = f"{row['precision']}{', gradient checkpointing' if row['gradient_checkpointing'] else ''}"
        fits = "fits 24 GB" if row["fits_24_gb"] else "does not fit 24 GB"
        parts = _pairs({name: f"{value} GiB" for name, value in row["parts"].items()})
        typer.echo(f"memory\t{way}{' (as set)' if row['chosen'] else ''}\t{parts}, {fits}")
    if plan.note:
        typer.echo(f"memory\tnote\t{plan.note}")
    for name, value in plan.settings.items():
        typer.echo(f"setting\t{name}\t{'' if value is None else value}")


def _pairs(values: Json) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
