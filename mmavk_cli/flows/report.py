"""report: run folders → one HTML page that shows what they came to, and their posts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.images import PictureLimits
from mmavk_cli.base.records import Json
from mmavk_cli.base.run_record import METRICS, read_record, read_run
from mmavk_cli.base.settings import IMAGES, Common, setting
from mmavk_cli.corpus.pictures import list_pictures
from mmavk_cli.flows.shared.options import OUT, RUN_FOLDERS, Printed
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.flows.shared.seeds import seed_folders
from mmavk_cli.report.html.posts import Case
from mmavk_cli.report.html.render import rendered
from mmavk_cli.report.html.report_page import page_of
from mmavk_cli.report.html.thumbnails import thumbnails
from mmavk_cli.report.predictions_reader import predictions_name, read_answers
from mmavk_cli.report.runs import RunRead, named

COMMANDS = ("eval", "tag", "train", "score", "sweep")
"""Whose runs can be shown."""

NAME = "report.html"
MOST_BYTES = 15_000_000
"""What a page may come to, so that it opens at once and can be sent."""

NOTE_BYTES = 200
"""More than a word on the pictures that are not shown takes."""

PLACE = "\0"
"""Stands where a picture will; no text of the page has it (`marked.visible`)."""


class ReportSettings(Printed, PictureLimits, Common):
    """Options of `mmavk report`."""

    runs: list[Path] = setting(..., RUN_FOLDERS, here=f"Of mmavk {', '.join(COMMANDS)}.", argument=True, metavar="RUN")
    out: Path | None = setting(None, OUT, here=f"the page. [default: {NAME} in the first RUN]")
    images: Path | None = setting(None, IMAGES, here="[default: the files that the runs name]")
    no_images: bool = setting(False, "Leave the pictures out.", "--no-images")


@dataclass(frozen=True, slots=True)
class Report:
    """The page that was written: its file and size, how many posts and pictures it shows."""

    path: Path
    size: int
    posts: int
    pictures: int


def report(settings: ReportSettings, on_progress: Progress) -> Report:
    """Read the runs and write the page.

    Raises:
        DataError: a folder is no run that can be shown, or is broken; the page cannot be written.
    """
    folders = [one for folder in settings.runs for one in seed_folders(folder).values() or [folder]]
    runs = named([read_one(folder) for folder in folders])
    logs = {run.name: run for run in (*runs, *_trainings(runs)) if run.log}
    page = page_of(runs, logs, _pictures(settings))
    out = settings.out or settings.runs[0] / NAME
    if out.is_dir():
        raise DataError("this is a folder", str(out), f"Name a file: --out {out / NAME}")
    paths = [card.picture for card in page.cards if card.picture]
    text = "".join(rendered(page.with_pictures([PLACE] * len(paths))))
    sources: list[str | None] = []
    for source in thumbnails(paths, settings, MOST_BYTES - NOTE_BYTES - len(text.encode("utf-8", "surrogatepass"))):
        sources.append(source)
        on_progress(len(sources), len(paths))
    shown = [source for source in sources if source is not None]
    if len(shown) == len(paths):  # nothing but the places changes
        text = "".join(chain.from_iterable(zip_longest(text.split(PLACE), shown, fillvalue="")))
    else:
        text = "".join(rendered(page.with_pictures(sources)))
    with atomic_write(out) as handle:
        handle.write(text)
    return Report(out, out.stat().st_size, len(page.cards), len(shown))


def read_one(folder: Path, commands: Sequence[str] = COMMANDS) -> RunRead:
    """A run folder that one of `commands` made.

    Raises:
        DataError: it is none, or it is broken.
    """
    facts = read_run(folder, *commands)
    command = facts["command"]
    asked = facts.get("settings") or {}
    if command == "train":
        return RunRead(folder, facts, log=_lines(folder / METRICS))
    if command == "tag":
        return RunRead(folder, facts, rows=tuple(read_answers(folder / "predictions.jsonl")))
    if command != "eval":
        return RunRead(folder, facts, read_record(folder / ("sweep.json" if command == "sweep" else "scores.json")))
    scores = read_record(folder / "scores.json", "strict", "errors", "calibration")
    return RunRead(folder, facts, scores, rows=tuple(read_answers(folder / predictions_name(asked.get("split", "")))))


def _trainings(runs: Sequence[RunRead]) -> list[RunRead]:
    """The runs that trained the models of the others, where they are still there: as named, or beside the run."""
    found: dict[Path, RunRead] = {}
    for run in runs:
        model = run.setting("model") or run.setting("run")
        if run.command == "train" or not model:
            continue
        given = Path(str(model))
        for folder in (given, run.folder.parent / given.name):
            if (folder / METRICS).is_file() and folder.resolve() not in found:
                training = read_one(folder, ("train",))
                found[folder.resolve()] = replace(training, name=f"the training of {run.name}")
                break
    shown = {run.folder.resolve() for run in runs}
    return [run for folder, run in found.items() if folder not in shown]


def _pictures(settings: ReportSettings) -> Callable[[Case], Path | None]:
    """How the picture of a post is found."""
    if settings.no_images:
        return lambda _case: None
    if settings.images is None:
        return _named
    return partial(_in_folder, settings.images, list_pictures(settings.images))


def _named(case: Case) -> Path | None:
    return next((one.image for one in case.answers.values() if one.image), None)


def _in_folder(folder: Path, names: dict[str, str], case: Case) -> Path | None:
    return folder / names[case.id] if case.id in names else _named(case)


def _lines(path: Path) -> list[Json]:
    try:
        rows: list[Any] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Make the run again") from error
    except ValueError as error:
        raise DataError(f"the run is broken: {error}", str(path), "Make it again") from error
    return [row for row in rows if isinstance(row, dict) and "epoch" in row]
