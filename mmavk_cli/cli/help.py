"""Command line of `mmavk help`: the pages of docs/ in the terminal, and the help of commands."""

import typer

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.base.suggest import near
from mmavk_cli.cli.commands import COMMANDS, HELP_OPTIONS, load
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.topics import topics

TEXT = """Read about a topic (formats, errors, settings), or a command's help page.

Without a topic the topics are listed. The pages are those of the documentation; in a pipe they are printed as
Markdown."""


class HelpSettings(Common):
    """Options of `mmavk help`."""

    topic: list[str] | None = setting(None, "A topic, or the words of a command.", argument=True)


def add(app: typer.Typer) -> None:
    """Add `mmavk help`."""
    add_command(app, "help", HelpSettings, _help, TEXT, ["mmavk help", "mmavk help formats", "mmavk help data stats"])


def _help(settings: HelpSettings) -> None:
    words = settings.topic or []
    if not words:
        for topic, path in topics().items():
            with path.open(encoding="utf-8") as page:
                typer.echo(f"{topic:<12} {page.readline().strip('# ').rstrip()}")
        if not settings.quiet:
            typer.echo(f"\nmmavk help TOPIC reads one; mmavk help COMMAND, of {', '.join(COMMANDS)}", err=True)
    elif len(words) == 1 and words[0] in topics():
        _print(topics()[words[0]].read_text("utf-8"))
    elif words[0] in COMMANDS:
        command = load(words[0])
        command([*words[1:], "--help"], prog_name=f"mmavk {words[0]}", standalone_mode=False, **HELP_OPTIONS)
    else:
        known = {*topics(), *COMMANDS}
        raise UsageError(f"no topic {' '.join(words)!r}", "TOPIC", near(words[0], known))


def _print(page: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    if console.is_terminal:
        console.print(Markdown(page))
    else:
        typer.echo(page)
