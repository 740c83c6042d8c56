"""Command line of `mmavk generate`."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from mmavk_cli.base.device import used_memory
from mmavk_cli.base.errors import MmavkError
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import EVERY
from mmavk_cli.flows.generate.generate import GenerateSettings, generate
from mmavk_cli.flows.generate.job import Generation, Told
from mmavk_cli.flows.generate.survey import LOOKING, READING
from mmavk_cli.flows.generate.worker import BATCH, LOADING, STARTING, WRITING
from mmavk_cli.report.safe_text import visible

if TYPE_CHECKING:
    from rich.progress import Progress

TEXT = """Write knowledge about pictures into the store.

Pictures come from a data set (--dataset), a folder (--images) or posts (--input). The model sees the picture and the
prompt, never a post. Pictures are identified by a digest of their bytes: what is in the store is not generated again,
and duplicates under other names are generated once. Each text is saved as soon as it is generated, so the command can
be killed and repeated; several processes may write to one store.

The first Ctrl-C finishes the current batch, the second stops at once. A picture that cannot be read becomes a failed
row, and the command exits 3 at its end (6 if memory ran out). A picture that occurs many times is a placeholder and
gets empty knowledge."""

EXAMPLES = [
    "mmavk generate --images docs/examples/folder --generator ocr",
    "mmavk generate --input docs/examples/posts.jsonl --generator ocr --retry-failed",
    "mmavk generate --dataset twitter2017 --4bit --shard 1/2",
    "mmavk generate --dataset twitter2017 --generator server --server-url http://localhost:8000/v1",
]

FINISHING = "finishing the current batch; Ctrl-C again stops at once"

FIRST = 20
"""Failures that are told one by one; --verbose tells them all."""

BEFORE = {READING, LOOKING, STARTING, LOADING}
"""The steps before a picture can be written about."""

MEGA = 1_000_000


def add(app: typer.Typer) -> None:
    """Add `mmavk generate`."""
    add_command(app, "generate", GenerateSettings, _generate, TEXT, EXAMPLES)


def _generate(settings: GenerateSettings) -> None:
    begun: list[Generation] = []
    try:
        with _screen(settings.quiet) as (told, warned):
            done = generate(settings, _remembered(told, begun), warned)
    except (MmavkError, KeyboardInterrupt):  # what was made until then is kept, and told
        if begun and not settings.quiet:
            typer.echo(f"{begun[0].recipe}: {summary(begun[0])}", err=True)
        raise
    if settings.format == "json":
        print_json(done.as_json() | done.failures_json())
    shown = done.failures if settings.verbose else done.failures[:FIRST]
    for where, reason in shown:
        typer.echo(f"mmavk: {visible(f'{where}: {reason}')}", err=True)
    if len(shown) < len(done.failures):
        typer.echo("mmavk: and more; --verbose lists all", err=True)
    if not settings.quiet:
        for note in done.notes:
            typer.echo(f"note: {note}", err=True)
        typer.echo(f"{done.recipe}: {summary(done)}", err=True)
    if done.stopped:
        raise KeyboardInterrupt
    if done.code:
        raise typer.Exit(done.code)


def _remembered(told: Told, begun: list[Generation]) -> Told:
    def seen(step: str, done: Generation, left: int) -> None:
        begun[:] = [done]
        told(step, done, left)

    return seen


def summary(done: Generation) -> str:
    """The totals in words; those that are always there first."""
    counts = done.totals.counts
    always = [f"{counts[name]:,} {name}" for name in ("pictures", "made", "cached", "failed")]
    others = ("failed_before", "placeholders", "missing", "flagged", "tokens")
    return ", ".join(always + [f"{counts[name]:,} {name.replace('_', ' ')}" for name in others if counts[name]])


class Pace:
    """How fast it goes, measured when a batch is finished. The first, for which a model may be loaded, is left out as
    soon as there is a second.
    """

    def __init__(self) -> None:
        self._from = (time.monotonic(), 0, 0)
        self._batches = 0
        self._rate = self._tokens = 0.0

    def words(self, step: str, done: Generation, left: int) -> str:
        """One line: what was done, pictures and tokens a second, memory, how long it will take."""
        counts = done.totals.counts
        now = (time.monotonic(), counts["made"] + counts["failed"], counts["tokens"])
        if step in BEFORE:
            self._from = now
        elif step == BATCH:
            self._measure(now)
        if step not in {WRITING, BATCH}:
            return f"{step}: {left:,} left"
        parts = [f"{counts[name]:,} {name}" for name in ("cached", "made", "failed")]
        parts += [f"{left:,} left"]
        parts += [f"{self._rate:.2f} pictures/s"] if self._rate else []
        parts += [f"{self._tokens:,.0f} tokens/s"] if self._tokens else []
        parts += [f"{used_memory() / MEGA:,.0f} MB"]
        parts += [f"ETA {duration(left / self._rate)}"] if self._rate and left else []
        return ", ".join(parts)

    def _measure(self, now: tuple[float, int, int]) -> None:
        seconds = max(now[0] - self._from[0], 1e-6)
        self._rate, self._tokens = ((now[at] - self._from[at]) / seconds for at in (1, 2))
        self._batches += 1
        if self._batches == 1:
            self._from = now


def duration(seconds: float) -> str:
    """`1:05:09`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@contextmanager
def _screen(quiet: bool) -> Iterator[tuple[Told, Callable[[], None]]]:
    """A bar on a terminal, a line now and then elsewhere; and what tells that a Ctrl-C was heard."""
    if not quiet and sys.stderr.isatty() and not (bar := new_bar()).console.is_dumb_terminal:
        with bar:
            yield drawn_on(bar)
        return
    pace, last = Pace(), [time.monotonic()]

    def lined(step: str, done: Generation, left: int) -> None:
        words = pace.words(step, done, left)
        if not quiet and (step == LOADING or time.monotonic() - last[0] >= EVERY):
            last[0] = time.monotonic()
            typer.echo(words, err=True)

    yield lined, lambda: typer.echo(f"mmavk: {FINISHING}", err=True)


def drawn_on(bar: "Progress") -> tuple[Told, Callable[[], None]]:
    """What moves the bar, and what tells on it that a Ctrl-C was heard: a line of its own would be drawn over."""
    pace, task, notes = Pace(), bar.add_task(STARTING, total=None), [""]

    def drawn(step: str, done: Generation, left: int) -> None:
        whole = done.totals.counts["pictures"] if step in {WRITING, BATCH} else None
        finished = whole - left if whole is not None else None
        bar.update(task, description=notes[0] + pace.words(step, done, left), completed=finished, total=whole)

    def warned() -> None:
        notes[0] = f"{FINISHING}\n"
        bar.update(task, description=notes[0] + bar.tasks[0].description)

    return drawn, warned


def new_bar() -> "Progress":
    """A bar with the words beside it, on as many lines as they need."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    words = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1))  # wraps where it is narrow
    columns = (BarColumn(bar_width=20), words)
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False, expand=True)
