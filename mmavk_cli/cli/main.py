"""The command `mmavk`: its subcommands in path order, and the one place where an error becomes an exit code."""

import errno
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from mmavk_cli import __version__
from mmavk_cli.base.errors import DataError, MemoryShortError, MmavkError
from mmavk_cli.cli.commands import COMMANDS, HELP_OPTIONS, load
from mmavk_cli.cli.streams import replace_closed_streams
from mmavk_cli.cli.torchrun import only_rank_0_prints


class _Late(TyperGroup):
    """A command's module is loaded when the command is called: no command waits for the settings of the others."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else command, rest


EXITS = {
    0: "success", 1: "internal error", 2: "usage", 3: "data", 4: "knowledge missing or of another recipe",
    5: "weights or a package missing", 6: "out of memory", 130: "interrupted with Ctrl-C",
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
    context_settings=HELP_OPTIONS,
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
    replace_closed_streams()
    with only_rank_0_prints():
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
