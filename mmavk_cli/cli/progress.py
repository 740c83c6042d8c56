"""The one sign of progress, on stderr: a bar on a terminal, else a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import typer

Moved = Callable[[int, int | None], None]
"""Steps done, steps in all (None: unknown)."""

EVERY = 10.0
"""Seconds between two lines where there is no terminal; what is done sooner says nothing."""


@contextmanager
def progress(text: str, quiet: bool) -> Iterator[Moved]:
    """A bar or lines that the yielded function moves. The bar goes when the block ends."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet:
        yield lambda _done, _total: None
    elif not console.is_terminal or console.is_dumb_terminal:  # no bar can be drawn on that one
        yield _lines(text)
    else:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
            task = bar.add_task(text, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(text: str) -> Moved:
    last = monotonic()

    def moved(done: int, total: int | None) -> None:
        nonlocal last
        if monotonic() - last >= EVERY:
            last = monotonic()
            typer.echo(f"{text}: {done:,}{'' if total is None else f' of {total:,}'}", err=True)

    return moved
