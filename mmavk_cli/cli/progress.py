"""The one sign of progress, on stderr: a bar on a terminal, else a line now and then."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import typer

from mmavk_cli.flows.shared.progress import Progress, silent

EVERY = 10.0
"""Seconds between two lines where there is no terminal; what is done sooner says nothing."""


@contextmanager
def progress(text: str, quiet: bool) -> Iterator[Progress]:
    """A bar or lines that the yielded function moves; `text` says of what. The bar goes when the block ends."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet:
        yield silent
    elif not console.is_terminal or console.is_dumb_terminal:  # no bar can be drawn on that one
        yield lines(text)
    else:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bar(*columns, console=console, transient=True, redirect_stdout=False) as bar:
            task = bar.add_task(text, total=None)

            def drawn(done: int, total: int | None = None, /, step: str = "") -> None:
                bar.update(task, completed=done, total=total, description=step or text)

            yield drawn


def lines(text: str) -> Progress:
    """A line on stderr now and then, for what has no terminal or no bar."""
    last = monotonic()

    def told(done: int, total: int | None = None, /, step: str = "") -> None:
        nonlocal last
        if monotonic() - last >= EVERY:
            last = monotonic()
            of_all = "" if total is None else f" of {total:,}"
            typer.echo(f"{step or text}: {done:,}{of_all}", err=True)

    return told
