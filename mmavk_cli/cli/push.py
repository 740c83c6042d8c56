"""Command line of `mmavk push`."""

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import progress
from mmavk_cli.flows.push.push import Push, PushSettings, push

TEXT = """Show what would be uploaded to the hub, and with --to-hub upload it.

RUN is the run folder of a training or an exported tagger. Its files, its card and its records go into one commit;
predictions, posts, knowledge and paths of this machine are never uploaded. Without --to-hub nothing is sent, and the
files and the card are shown.

The token is HF_TOKEN, or the one of `hf auth login`; it is never an option. An interrupted upload leaves the
repository unchanged."""

EXAMPLES = ["mmavk push runs/text me/tweets", "mmavk push runs/text me/tweets --json"]


def add(app: typer.Typer) -> None:
    """Add `mmavk push`."""
    add_command(app, "push", PushSettings, _push, TEXT, EXAMPLES)


def _push(settings: PushSettings) -> None:
    with progress("MB", settings.quiet or not settings.to_hub) as on_progress:
        done = push(settings, on_progress)
    if settings.format == "json":
        print_json(done.as_json())
    elif done.url is None:
        _print(done)
    else:
        typer.echo(done.url)
    if not settings.quiet:
        for note in done.notes:
            typer.echo(f"note: {note}", err=True)
        typer.echo(f"mmavk: {_said(done)}", err=True)


def _print(done: Push) -> None:
    for name, size in done.files.items():
        typer.echo(f"{name}\t{size / 1e6:.1f} MB" if size >= 100_000 else f"{name}\t{size / 1e3:.1f} kB")  # noqa: PLR2004
    typer.echo(f"\n{done.card}", nl=False)


def _said(done: Push) -> str:
    what = f"{len(done.files)} files, {sum(done.files.values()) / 1e6:.1f} MB"
    if done.url is not None:
        return f"uploaded: {what}"
    stays = f"; these stay here: {', '.join(done.left_out)}" if done.left_out else ""
    kind = "private" if done.private else "public"
    return f"nothing was uploaded; --to-hub would bring {what} to {done.repository} ({kind}){stays}"
