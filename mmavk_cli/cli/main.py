"""The command `mmavk`: its subcommands in path order, and the one place where an error becomes an exit code."""

import errno
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from mmavk_cli import __version__
from mmavk_cli.base.errors import DataError, MemoryShortError, MmavkError
from mmavk_cli.cli.torchrun import one_voice

COMMANDS = {
    "tag": ("tag", "Find the names in posts: people, places, organisations, other."),
    "generate": ("generate", "Write knowledge about pictures into the store."),
    "score": ("score", "Say how related posts and their pictures are, and what a threshold would do."),
    "train": ("train", "Train a tagger on one or more data sets."),
    "eval": ("evaluate", "Score a model on a split of a data set."),
    "compare": ("compare", "Compare evaluated runs: which gaps are more than chance."),
    "sweep": ("sweep", "Score a trained model at every threshold: the paper's Figure 4."),
    "reproduce": ("reproduce", "Reproduce a table or figure of the paper: our numbers beside the published ones."),
    "report": ("report", "Show runs on one page: scores, curves, and every post with its names marked."),
    "card": ("card", "Write the card of a run anew: what it is, how it was made, what it came to."),
    "export": ("export", "Export a trained tagger to ONNX, to tag without torch."),
    "push": ("push", "Show what a model would bring to the hub, and with --to-hub upload it."),
    "data": ("data", "Count, check, fetch and convert data sets."),
    "doctor": ("doctor", "Show what this machine has, and what fits into its memory."),
    "store": ("store", "Look into the knowledge store, fill it, empty it."),
    "help": ("help", "Read about a topic (formats, errors, settings), or a command's help page."),
    "config": ("config", "Look into the settings file, and write into it."),
}
"""In path order: the module of each command and its line on the first help page."""


class _Late(TyperGroup):
    """A command's module is loaded when the command is called: no command waits for the settings of the others."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else command, rest


def load(name: str) -> Any:
    """The command `name`, or the group of that name, ready to run."""
    part = typer.Typer(rich_markup_mode=None)
    import_module(f"mmavk_cli.cli.{COMMANDS[name][0]}").add(part)
    return get_group(part).commands[name]


EXITS = {
    0: "fine", 1: "our fault", 2: "usage", 3: "data", 4: "knowledge missing or of another recipe",
    5: "weights or a package missing", 6: "out of memory", 130: "stopped with Ctrl-C",
}  # fmt: skip

FULL = {errno.ENOSPC, errno.EDQUOT}
"""A disk without room, or a user's share of it. A store's own disk is told by the store."""

END = (
    "\b",
    "Exit codes:",
    *(f"  {code:<3}  {meaning}" for code, meaning in EXITS.items()),
    "",
    "More: mmavk help",
)

app = typer.Typer(
    name="mmavk",
    epilog="\n".join(END),
    cls=_Late,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find the names in a post (people, places, organisations, other) with the help of its picture.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mmavk {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    pass


for name, (_, line) in COMMANDS.items():
    app.command(name, short_help=line)(lambda: None)


def main() -> None:
    """Run the command line and exit with the code of docs/errors.md."""
    with one_voice():
        _main()


def _main() -> None:
    wants_traceback = "--traceback" in sys.argv
    try:
        app(prog_name="mmavk")
    except Exception as error:
        if wants_traceback:
            raise
        told = error if isinstance(error, MmavkError) else _explained(error)
        typer.echo(f"mmavk: {told}", err=True)
        sys.exit(told.code)


def _explained(error: Exception) -> MmavkError:
    """An exception of others as one of ours: a full disk or memory, which any line may meet, else a fault of ours."""
    from mmavk_cli.base.device import is_out_of_memory

    if isinstance(error, OSError) and error.errno in FULL:
        advice = "Make room where --out or the output goes, and call it again"
        return DataError(f"a disk is full: {error.strerror}", str(error.filename or ""), advice)
    if is_out_of_memory(error):
        said = str(error).partition(". ")[0] or type(error).__name__
        advice = "Take a smaller model, or smaller batches; mmavk doctor shows what is free"
        return MemoryShortError(f"memory ran out: {said}", "", advice)
    return MmavkError(
        f"internal error, {type(error).__name__}: {error}", "", "Run again with --traceback and report it"
    )
