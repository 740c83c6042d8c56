"""Command line of `mmavk reproduce`."""

import typer

from mmavk_cli.base.records import Json
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.tables import print_section
from mmavk_cli.flows.reproduce.reproduce import reproduce
from mmavk_cli.flows.reproduce.settings import ReproduceSettings

TEXT = """Reproduce a table or figure of the paper: our numbers next to the published ones.

table1 counts the data sets under three rules: strict IOB2, conlleval, and AdaSeq's reader (MoRe, PGIM). table4 trains
and scores the fusions prefix (T+I), text (T-only), concat (T+T) and word; table3 trains word with each knowledge in the
store (`--knowledge blip2,pgim` chooses), without a similarity filter; fig4 scores a word model at every threshold.

Every cell of the grid is a run folder in --out. Finished cells are never run again: repeat the command to resume a
stopped grid; several processes may work on one grid. A cell that fails is shown in the table and does not stop the
others; the exit code is that of the first failure."""

STEPS = {"loss", "train_loss"}
"""What lines of a training hold that only --verbose shows."""

EXAMPLES = [
    "mmavk reproduce table1 --dataset twitter2017",
    "mmavk reproduce table4 --dataset twitter2017 --knowledge blip2 --only text,word --epochs 1 --out runs/grid",
    "mmavk reproduce table3 --dataset twitter2017 --knowledge blip2 --seeds 1,2 --epochs 1 --out runs/grid",
    "mmavk reproduce fig4 --dataset twitter2017 --knowledge blip2 --epochs 1 --out runs/grid",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk reproduce`."""
    add_command(app, "reproduce", ReproduceSettings, _reproduce, TEXT, EXAMPLES)


def _reproduce(settings: ReproduceSettings) -> int:
    def on_log(line: Json) -> None:
        if not settings.quiet and (settings.verbose or not STEPS & line.keys()):
            cell, *rest = line.items()
            typer.echo(f"{cell[1]}: {_said(dict(rest), settings.epochs)}", err=True)

    found = reproduce(settings, on_log)
    if settings.format == "json":
        print_json(found.content)
    else:
        for number, section in enumerate(found.sections):
            typer.echo("\n" if number else "", nl=False)
            print_section(section)
    if found.files and not settings.quiet:
        typer.echo(f"written: {', '.join(map(str, found.files))}", err=True)
    return found.code


def _said(line: Json, epochs: int) -> str:
    if "eval_f1" in line:
        return f"epoch {line['epoch']:g} of {epochs}, validation F1 {line['eval_f1']:.2f}"
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in line.items()
    )
