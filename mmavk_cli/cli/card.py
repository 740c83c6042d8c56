"""Command line of `mmavk card`."""

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.flows.card import CardSettings, card

TEXT = """Write the card of a run again: what it is, how it was made, its results.

Every run folder is written with a card, README.md, and with data_card.md if the run records its data. This command
writes them again from the records in the folder: with scores on a test split (runs of mmavk eval of exactly these
weights), with a licence, or for a run of an earlier mmavk. A card that was edited by hand is overwritten."""

EXAMPLES = [
    "mmavk card runs/text",
    "mmavk eval runs/text --dataset twitter2017 --out scored && mmavk card runs/text --scores scored "
    "--license apache-2.0",
]


def add(app: typer.Typer) -> None:
    """Add `mmavk card`."""
    add_command(app, "card", CardSettings, _card, TEXT, EXAMPLES)


def _card(settings: CardSettings) -> None:
    files = card(settings)
    if settings.format == "json":
        print_json({"files": [str(path) for path in files]})
        return
    for path in files:
        typer.echo(path)
