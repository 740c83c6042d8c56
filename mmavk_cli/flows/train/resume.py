"""A training's run folder: begun, or continued where it was interrupted; one for all processes of `torchrun`."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmavk_cli.base.errors import DataError, KnowledgeError, UsageError
from mmavk_cli.base.files import atomic_write, unfinished_folder
from mmavk_cli.base.records import Json
from mmavk_cli.base.renamed import current
from mmavk_cli.base.run_record import Run
from mmavk_cli.flows.shared.run_folder import new_run
from mmavk_cli.flows.shared.seeds import check_data, check_unchanged
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.report.tensorboard import Curves

if TYPE_CHECKING:
    from mmavk_cli.tagger.training.resume_points import Points

BEGUN = "begun.json"
LOG_BYTES = "log_bytes"


def process() -> tuple[int, int]:
    """The number of this process under `torchrun`, and how many there are."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process is the one that writes and speaks."""
    return process()[0] == 0


@dataclass(slots=True)
class Follower(Run):
    """The run as the other processes of `torchrun` see it: they write nothing."""

    def log(self, line: Json) -> int:  # noqa: ARG002
        """Write nothing."""
        return 0

    def write(self, name: str, content: Json) -> None:
        """Write nothing."""

    def rewind(self, length: int) -> None:
        """Cut nothing."""


@contextmanager
def training_run(settings: TrainSettings, facts: Json) -> Iterator[Run]:
    """The run of a training. `facts` say which files and recipes it reads; they and the settings must be as begun.

    Raises:
        DataError: the folder is there, holds an unfinished training that is not to be resumed, or none to resume;
            the data has changed. UsageError: a setting has. KnowledgeError: the knowledge has.
    """
    folder = unfinished_folder(settings.out)
    _check_place(settings.out, folder, settings.resume)
    begun = folder / BEGUN
    if settings.resume and begun.is_file():
        _check_same(settings, begun, facts)
    if not is_first():
        yield Follower(folder)
        return
    with new_run(settings.out, "train", settings, keep=settings.resume) as run:
        with atomic_write(begun) as handle:
            json.dump({"settings": settings.model_dump(mode="json"), "processes": process()[1], **facts}, handle)
        yield run
        begun.unlink()


def continued(settings: TrainSettings) -> TrainSettings:
    """The same training, to be resumed where an interrupted one is there."""
    return settings.model_copy(update={"resume": unfinished_folder(settings.out).is_dir()})


def points_of(settings: TrainSettings, run: Run) -> "Points":
    """Where points to resume from are kept; with `--resume` the last one, and the log as it was there."""
    from mmavk_cli.tagger.training.resume_points import MEMO, Points, last_point, read_record

    start = last_point(run.folder) if settings.resume else None
    points = Points(run.folder, start, read_record(start, MEMO) if start else {})
    run.rewind(points.memo.get(LOG_BYTES, 0))
    return points


@contextmanager
def training_log(
    settings: TrainSettings, run: Run, points: "Points", on_log: Callable[[Json], None]
) -> Iterator[Callable[[Json], None]]:
    """What takes a log line: metrics.jsonl, `on_log`, and TensorBoard where it is asked for.

    Args:
        settings: the options of the training.
        run: its run folder.
        points: the resume checkpoints.
        on_log: is called with each log line.
    """
    resumed = points.start is not None
    drawn: Curves | None = None
    if settings.tensorboard and is_first():
        drawn = Curves(run.folder, points.step if resumed else None)

    def log(line: Json) -> None:
        points.memo[LOG_BYTES] = run.log(line)
        on_log(line)
        if drawn:
            drawn.add(line)

    if resumed and is_first():
        on_log({"step": points.step, "resumed": settings.out.name})
    yield log
    if drawn:
        drawn.close()


def _check_place(out: Path, folder: Path, resume: bool) -> None:
    if resume and not folder.is_dir():
        what = "the training is finished" if out.exists() else "there is no unfinished training"
        raise DataError(what, str(out), "Leave out --resume")
    if not resume and next(folder.glob("point-*"), None):
        advice = f"Continue it with --resume, or remove {folder} and start again"
        raise DataError("there is an unfinished training of that name", str(out), advice)


def _check_same(settings: TrainSettings, begun: Path, facts: Json) -> None:
    try:
        before = json.loads(begun.read_text("utf-8"))
        before["settings"] = current(before["settings"], "train")
        recipes, processes = before["recipes"], before["processes"]
        check_unchanged(begun.parent, before, settings)
        check_data(begun.parent, before, settings.data_dir)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"the unfinished training is broken: {error}", str(begun), "Start again") from error
    if recipes != facts["recipes"]:
        raise KnowledgeError(
            f"was started with knowledge of {recipes}, now {facts['recipes']}", str(begun), "Start again"
        )
    if processes != process()[1]:
        raise UsageError(
            f"was started with {processes} processes, now {process()[1]}", "--resume", "Use the same number"
        )
