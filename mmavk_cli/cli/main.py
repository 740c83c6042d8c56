"""The command `mmavk`: its subcommands in path order, and the one place where an error becomes an exit code."""

import sys

import typer

from mmavk_cli import __version__
from mmavk_cli.base.errors import MmavkError
from mmavk_cli.cli import data, evaluate, export, store, tag, train

app = typer.Typer(
    name="mmavk",
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


for command in (tag, train, evaluate, export, data, store):
    command.add(app)


def main() -> None:
    """Run the command line and exit with the code of docs/errors.md."""
    wants_traceback = "--traceback" in sys.argv
    try:
        app()
    except MmavkError as error:
        if wants_traceback:
            raise
        typer.echo(f"mmavk: {error}", err=True)
        sys.exit(error.code)
    except KeyboardInterrupt:
        typer.echo("mmavk: stopped", err=True)
        sys.exit(130)
    except Exception as error:
        if wants_traceback:
            raise
        typer.echo(
            f"mmavk: internal error, {type(error).__name__}: {error}. Run again with --traceback and report it",
            err=True,
        )
        sys.exit(MmavkError.code)
