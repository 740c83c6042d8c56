"""The words of `mmavk generate`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from mmavk_cli.base.device import used_memory
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.flows.generate import GenerateSettings, generate
from mmavk_cli.flows.generate_work import BATCH, WRITING
from mmavk_cli.flows.generation import Generation, Told

if TYPE_CHECKING:
    from rich.progress import Progress

TEXT = """Write knowledge about pictures into the store.

Pictures come from a data set (--dataset), a folder (--images) or posts (--input). The model sees the picture and the
prompt, never a post. A picture is known by its bytes: what the store has is not made again, and equal pictures under
other names are paid for once. Each text is kept as soon as it is there, so the command can be killed and called again;
several may fill one store at once.

The first Ctrl-C finishes the batch in hand, the second stops at once. Pictures that cannot be read become failed rows,
the others go on, and the command exits 3 (6 where memory ran out) when all is done. A picture that comes many times
over is a placeholder and gets empty knowledge."""

EXAMPLES = [
    "mmavk generate --images docs/examples/folder --generator ocr",
    "mmavk generate --input docs/examples/posts.jsonl --generator ocr --retry-failed",
    "mmavk generate --dataset twitter2017 --4bit --shard 1/2",
    "mmavk generate --dataset twitter2017 --generator server --url http://localhost:8000/v1",
]

FIRST = 20
"""Failures that are told one by one; --verbose tells them all."""

EVERY_S = 10.0
"""Seconds between two lines where nobody watches a terminal."""

MEGA = 1_000_000


def add(app: typer.Typer) -> None:
    """Add `mmavk generate`."""
    add_command(app, "generate", GenerateSettings, _generate, TEXT, EXAMPLES)


def _generate(settings: GenerateSettings) -> None:
    with _screen(settings.quiet) as told:
        done = generate(settings, told, _warned)
    if settings.format == "json":
        print_json(done.as_json() | done.failures_json())
    shown = done.failures if settings.verbose else done.failures[:FIRST]
    for where, reason in shown:
        typer.echo(f"mmavk: {where}: {reason}", err=True)
    if len(shown) < len(done.failures):
        typer.echo("mmavk: and so on; --verbose tells every one", err=True)
    if not settings.quiet:
        for note in done.notes:
            typer.echo(f"note: {note}", err=True)
        typer.echo(f"{done.recipe}: {summary(done)}", err=True)
    if done.stopped:
        raise KeyboardInterrupt
    if done.code:
        raise typer.Exit(done.code)


def _warned() -> None:
    typer.echo("mmavk: finishing the batch in hand; Ctrl-C again stops at once", err=True)


def summary(done: Generation) -> str:
    """The totals in words; those that are always there first."""
    counts = done.totals.counts
    always = [f"{counts[name]:,} {name}" for name in ("pictures", "made", "cached", "failed")]
    others = ("failed_before", "placeholders", "missing", "flagged", "tokens")
    return ", ".join(always + [f"{counts[name]:,} {name.replace('_', ' ')}" for name in others if counts[name]])


class Pace:
    """How fast it goes, from the moment the first picture may be written about."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def words(self, step: str, done: Generation, left: int) -> str:
        """One line: what was done, pictures and tokens a second, memory, how long it will take."""
        if step not in {WRITING, BATCH}:
            self._began = time.monotonic() if step in {"reading", "looking"} else self._began
            return f"{step}: {left} left"
        counts = done.totals.counts
        seconds = max(time.monotonic() - self._began, 1e-6)
        rate = (counts["made"] + counts["failed"]) / seconds
        parts = [f"{counts['cached']} cached, {counts['made']} made, {counts['failed']} failed, {left} left"]
        parts += [f"{rate:.2f} pictures/s"] if rate else []
        parts += [f"{counts['tokens'] / seconds:.0f} tokens/s"] if counts["tokens"] else []
        parts += [f"{used_memory() / MEGA:,.0f} MB"]
        parts += [f"ETA {duration(left / rate)}"] if rate and left else []
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """`1:05:09`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@contextmanager
def _screen(quiet: bool) -> Iterator[Told]:
    """A bar on a terminal, a line now and then elsewhere."""
    pace = Pace()
    if not quiet and sys.stderr.isatty():
        with _bar() as bar:
            task = bar.add_task("", total=None)

            def drawn(step: str, done: Generation, left: int) -> None:
                whole = done.totals.counts["pictures"] if step in {WRITING, BATCH} else None
                finished = whole - left if whole is not None else None
                bar.update(task, description=pace.words(step, done, left), completed=finished, total=whole)

            yield drawn
        return
    last = [time.monotonic()]

    def lined(step: str, done: Generation, left: int) -> None:
        words = pace.words(step, done, left)
        if not quiet and time.monotonic() - last[0] >= EVERY_S:
            last[0] = time.monotonic()
            typer.echo(words, err=True)

    yield lined


def _bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(bar_width=20), TextColumn("{task.description}", markup=False))
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
