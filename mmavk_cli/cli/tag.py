"""Command line of `mmavk tag`."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mmavk_cli.base.errors import MmavkError
from mmavk_cli.base.records import BadRow, Entity, Problem, Tagged
from mmavk_cli.cli.faults import FaultPrinter
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import data_to_stdout
from mmavk_cli.cli.progress import lines, progress
from mmavk_cli.flows.shared.progress import Progress, silent
from mmavk_cli.flows.tag.tag import Tagging, TagSettings, tag
from mmavk_cli.report.html.tag_page import html
from mmavk_cli.report.predictions_writer import Outcome, conll, csv_table, json_lines, json_object
from mmavk_cli.report.safe_text import stretches, visible

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

TEXT = """Find the names in posts: people, places, organisations, other.

INPUT is a text file (one post; with --lines one a line), a folder of text files with pictures of the same names, JSON
(one object a line, or a list), CSV or TSV, CoNLL, or - for standard input, where the first lines tell what it is.
Exactly one of INPUT and --text is given.

A row or a picture that cannot be read is reported on stderr and in its record, and the command exits 3 at its end.
Output is streamed as posts arrive, so a pipe may stay open."""

EXAMPLES = [
    "mmavk tag docs/examples/post.txt --image docs/examples/picture.jpg",
    'mmavk tag --text "Two days in Paris and still no time for the Louvre"',
    "mmavk tag docs/examples/posts.jsonl --format html > page.html",
    "mmavk tag docs/examples/folder --out tagged",
    "mmavk tag - --min-score 0.5 < docs/examples/post.txt",
]

STYLES = {"PER": "bold yellow", "LOC": "bold green", "ORG": "bold blue", "MISC": "bold magenta"}
OWN_STYLES = tuple(
    f"bold {colour}" for colour in ("cyan", "red", "bright_yellow", "bright_green", "bright_blue", "bright_magenta")
)
"""Of types that are not the paper's, by their place in the model's list; the seventh has that of the first again."""

LONGEST, MOST = 1000, 50
"""Characters and names of a post that are shown in a table."""


def add(app: typer.Typer) -> None:
    """Add `mmavk tag`."""
    add_command(app, "tag", TagSettings, _tag, TEXT, EXAMPLES)


def _tag(settings: TagSettings) -> int:
    on_progress = silent if settings.quiet else lines("posts")
    with tag(settings, on_progress) as tagging, _bar(settings.quiet) as moved:
        tagging.rows = _watched(tagging.rows, FaultPrinter(settings.verbose), moved)
        _print(_pieces(tagging, settings))
    for note in () if settings.quiet else tagging.notes:
        typer.echo(f"mmavk: {note}", err=True)
    counts = tagging.totals.counts
    if (settings.out and not settings.quiet) or (tagging.code and counts["posts"] + counts["bad_rows"] > 1):
        typer.echo(f"mmavk: {_summary(counts, bool(tagging.code), settings.out)}", err=True)
    return tagging.code


def _summary(counts: dict[str, int], bad: bool, out: Path | None) -> str:
    parts = [f"posts tagged: {counts['posts']:,}"]
    parts += [f"names: {counts['names']:,}"] if out else []
    parts += [f"bad rows: {counts['bad_rows']:,}", f"pictures left out: {counts['bad_pictures']:,}"] if bad else []
    return ", ".join(parts) + (f", in {out}" if out else "")


def _bar(quiet: bool) -> AbstractContextManager[Progress]:
    """Where rows are printed on the terminal they are the progress, and a bar would be drawn over them."""
    if quiet or sys.stdout.isatty() or not sys.stderr.isatty():
        return nullcontext(silent)
    return progress("posts", quiet)


def _pieces(tagging: Tagging, settings: TagSettings) -> Iterator[str]:  # noqa: PLR0911 (one a format)
    """The output in the format that was asked for; with --out alone, the rows are drawn and nothing is printed."""
    if settings.format is None and settings.out is not None:
        return ("" for _ in tagging.rows)
    match settings.format or ("table" if sys.stdout.isatty() else "jsonl"):
        case "table":
            return _table(tagging)
        case "json":
            return json_object(tagging.rows, tagging.totals)
        case "conll":
            return conll(tagging.rows)
        case "csv":
            return csv_table(tagging.rows)
        case "html":
            return html(tagging.rows, tagging.totals, settings, tagging.types)
        case _:
            return json_lines(tagging.rows)


def _print(pieces: Iterable[str]) -> None:
    data_to_stdout()
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()


def _watched(rows: Iterable[Outcome], faults: FaultPrinter, moved: Progress) -> Iterator[Outcome]:
    """The rows; what is wrong with one is printed as it passes."""
    for number, row in enumerate(rows, 1):
        if row.problem:
            faults.line(_fault(row, row.problem))
        moved(number)
        yield row


def _fault(row: Outcome, problem: Problem) -> str:
    line = str(MmavkError(problem.what, problem.where, problem.do))
    return f"{row.post.where}: {line} ({row.notes[0]})" if isinstance(row, Tagged) else line


def _table(tagging: Tagging) -> Iterator[str]:
    from rich.console import Console

    console = Console(markup=False, highlight=False, emoji=False)
    styles = _styles(tagging.types)
    for row in tagging.rows:
        with console.capture() as captured:
            for part in _tagged(row, tagging.scorer, styles) if isinstance(row, Tagged) else _bad(row):
                console.print(part)
            console.print()
        yield captured.get()


def _styles(types: Iterable[str]) -> dict[str, str]:
    own = [kind for kind in types if kind not in STYLES]
    return STYLES | {kind: OWN_STYLES[place % len(OWN_STYLES)] for place, kind in enumerate(own)}


def _tagged(row: Tagged, scorer: str, styles: Mapping[str, str]) -> "Iterator[RenderableType]":
    from rich.text import Text

    yield Text(_short(row.post.id), "bold")
    yield _marked(row, styles)
    yield _names(row.entities, styles) if row.entities else Text("no names found", "dim")
    if row.knowledge or (row.post.image and not row.problem):
        yield _picture(row, scorer)
    if row.notes:
        yield Text(f"Note: {'; '.join(row.notes)}", "dim")


def _picture(row: Tagged, scorer: str) -> "Text":
    """What was seen in the picture, else its name; where the terminal knows links, its first word leads to the file."""
    from rich.style import Style
    from rich.text import Text

    image = row.post.image
    text = Text.assemble(("Picture", Style(link=image.absolute().as_uri() if image else None)), ": ")
    if row.knowledge is None:
        return text.append(_short(image.name) if image else "")
    similarity = row.knowledge.similarity
    near = "not measured" if similarity is None else f"{similarity:.2f} by {visible(scorer)}"
    seen = visible(row.knowledge.text) or "seen by the model itself"
    return text.append(f"{seen} (similarity {near}, weight {row.knowledge.weight:g})")


def _bad(row: BadRow) -> "Iterator[RenderableType]":
    from rich.text import Text

    yield Text(_short(row.id), "bold")
    yield Text(visible(f"cannot be read: {row.problem.what}"), "red")


def _marked(row: Tagged, styles: Mapping[str, str]) -> "Text":
    from rich.text import Text

    text = Text(overflow="fold")
    for stretch, entity in stretches(row):
        room = LONGEST - len(text)
        text.append(visible(stretch[:room]), styles.get(entity.type, "bold") if entity else "")
        if len(stretch) > room:
            text.append(f"… ({len(row.post.text):,} characters)", "dim")
            break
    return text


def _names(entities: Sequence[Entity], styles: Mapping[str, str]) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table("  name", "type", "score", box=None, padding=(0, 2, 0, 0), header_style="dim", caption_justify="left")
    table.columns[0].overflow = "fold"
    for entity in entities[:MOST]:
        style = styles.get(entity.type, "bold")
        table.add_row(Text(f"  {_short(entity.text)}"), Text(visible(entity.type), style), f"{entity.score:.2f}")
    if len(entities) > MOST:
        table.caption = f"and {len(entities) - MOST} more; --format jsonl has all"
    return table


def _short(text: str, room: int = 60) -> str:
    shown = visible(text[: room + 1])
    return shown if len(shown) <= room else f"{shown[: room - 1]}…"
