"""Command line of `mmavk generate`."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from mmavk_cli.base.device import used_memory
from mmavk_cli.base.errors import MmavkError
from mmavk_cli.cli.faults import FaultPrinter
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import EVERY
from mmavk_cli.flows.generate.generate import GenerateSettings, generate
from mmavk_cli.flows.generate.job import Generation
from mmavk_cli.flows.generate.survey import LOOKING, READING
from mmavk_cli.flows.generate.worker import BATCH, LOADING, STARTING, WRITING
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.report.safe_text import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

TEXT = """Write knowledge about pictures into the store.

Pictures come from a data set (--dataset), a folder (--images) or posts (--input). The model sees the picture and the
prompt, never a post. Pictures are identified by a digest of their bytes: what is in the store is not generated again,
and duplicates under other names are generated once. Each text is saved as soon as it is generated, so the command can
be killed and repeated; several processes may write to one store.

The first Ctrl-C finishes the current batch, the second stops at once. A picture that cannot be read, or for which the
model gives no answer, becomes a failed row, and the command exits 3 at its end (6 if memory ran out); it also does if
pictures failed before and --retry-failed is not given, or if most texts are flagged. A picture that occurs many times
is a placeholder and gets empty knowledge."""

EXAMPLES = [
    "mmavk generate --images docs/examples/folder --generator ocr",
    "mmavk generate --input docs/examples/posts.jsonl --generator ocr --retry-failed",
    "mmavk generate --dataset twitter2017 --4bit --shard 1/2",
    "mmavk generate --dataset twitter2017 --generator server --server-url http://localhost:8000/v1",
]

FINISHING = "finishing the current batch; Ctrl-C again stops at once"

BEFORE = {READING, LOOKING, STARTING, LOADING}
"""The steps before a picture can be written about."""

MEGA = 1_000_000


def add(app: typer.Typer) -> None:
    """Add `mmavk generate`."""
    add_command(app, "generate", GenerateSettings, _generate, TEXT, EXAMPLES)


def _generate(settings: GenerateSettings) -> int:
    done = Generation()
    try:
        with _screen(settings.quiet, done) as (on_progress, on_stop):
            generate(settings, done, on_progress, on_stop)
    except (MmavkError, KeyboardInterrupt):  # what was made until then is kept, and told
        if done.totals.counts["files"] and not settings.quiet:
            typer.echo(f"{done.recipe}: {summary(done)}", err=True)
        raise
    if settings.format == "json":
        print_json(done.as_json() | done.failures_json())
    faults = FaultPrinter(settings.verbose)
    for where, reason in done.failures:
        faults.line(f"{where}: {reason}")
    for where, reason in done.before:
        faults.line(f"{where}: failed before, not retried: {reason}")
    if done.before:
        typer.echo(f"mmavk: {len(done.before):,} pictures failed before; --retry-failed retries them", err=True)
    if done.mostly_flagged:
        typer.echo(f"mmavk: {done.flaws()}", err=True)
    if not settings.quiet:
        for note in done.notes:
            typer.echo(f"note: {visible(note)}", err=True)
        typer.echo(f"{done.recipe}: {summary(done)}", err=True)
    if done.stopped:
        raise KeyboardInterrupt
    return done.code


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
def _screen(quiet: bool, generation: Generation) -> Iterator[tuple[Progress, Callable[[], None]]]:
    """A bar on a terminal, a line now and then elsewhere; and what tells that a Ctrl-C was heard."""
    if not quiet and sys.stderr.isatty() and not (bar := new_bar()).console.is_dumb_terminal:
        with bar:
            yield drawn_on(bar, generation)
        return
    pace, last = Pace(), [time.monotonic()]

    def lined(done: int, total: int | None = None, /, step: str = "") -> None:
        words = pace.words(step, generation, (total or 0) - done)
        if not quiet and (step == LOADING or time.monotonic() - last[0] >= EVERY):
            last[0] = time.monotonic()
            typer.echo(words, err=True)

    yield lined, lambda: typer.echo(f"mmavk: {FINISHING}", err=True)


def drawn_on(bar: "Bar", generation: Generation) -> tuple[Progress, Callable[[], None]]:
    """What moves the bar, and what tells on it that a Ctrl-C was heard: a line of its own would be drawn over."""
    pace, task, notes = Pace(), bar.add_task(STARTING, total=None), [""]

    def drawn(done: int, total: int | None = None, /, step: str = "") -> None:
        words = notes[0] + pace.words(step, generation, (total or 0) - done)
        of_pictures = step in {WRITING, BATCH}
        completed, total = (done, total) if of_pictures else (None, None)
        bar.update(task, description=words, completed=completed, total=total)

    def warned() -> None:
        notes[0] = f"{FINISHING}\n"
        bar.update(task, description=notes[0] + bar.tasks[0].description)

    return drawn, warned


def new_bar() -> "Bar":
    """A bar with the words beside it, on as many lines as they need."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    words = TextColumn("{task.description}", markup=False, table_column=Column(ratio=1))  # wraps where it is narrow
    columns = (BarColumn(bar_width=20), words)
    return Bar(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False, expand=True)
