"""A training's run folder: begun, or continued where it was interrupted; one for all processes of `torchrun`."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.files import atomic_write, unfinished_folder
from mmavk_cli.base.records import Json
from mmavk_cli.base.run import Run, new_run
from mmavk_cli.base.settings import Settings, flags_of

if TYPE_CHECKING:
    from mmavk_cli.flows.train import TrainSettings

BEGUN = "begun.json"
POINT = "point-*"
FREE = {"out", "resume", "dry_run", "config", "recipe", "quiet", "verbose", "traceback"}
"""Settings that change nothing about the weights (a recipe's own are compared one by one)."""


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
def training_run(settings: "TrainSettings", data: Json) -> Iterator[Run]:
    """The run of a training. `data` says what it reads; resuming with other data or settings is a fault.

    Raises:
        DataError: the folder is there, holds an unfinished training that is not to be resumed, or none to resume;
            the data has changed. UsageError: a setting has.
    """
    out, resume = settings.out, settings.resume
    folder = unfinished_folder(out)
    _check_place(out, folder, resume)
    begun = {"settings": settings.model_dump(mode="json", exclude=FREE), "data": data, "processes": process()[1]}
    if resume and (folder / BEGUN).is_file():
        _check_same(type(settings), folder / BEGUN, json.loads(json.dumps(begun)))
    if not is_first():
        yield Follower(folder)
        return
    with new_run(out, "train", settings, keep=resume) as run:
        with atomic_write(folder / BEGUN) as handle:
            json.dump(begun, handle)
        yield run
        (folder / BEGUN).unlink()


def _check_place(out: Path, folder: Path, resume: bool) -> None:
    if resume and not folder.is_dir():
        what = "the training is finished" if out.exists() else "there is no unfinished training"
        raise DataError(what, str(out), "Leave out --resume")
    if not resume and next(folder.glob(POINT), None):
        advice = f"Continue it with --resume, or remove {folder} and begin again"
        raise DataError("an unfinished training of that name is here", str(out), advice)


def _check_same(kind: type[Settings], path: Path, now: Json) -> None:
    try:
        before = json.loads(path.read_text("utf-8"))
        pairs = [(part, before[part], now[part]) for part in ("settings", "data")]
        processes = before["processes"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"the unfinished training is broken: {error}", str(path), "Begin again") from error
    (_, old, new), (_, old_data, new_data) = pairs
    told = [_told(kind, name, old.get(name), new.get(name)) for name in sorted({*old, *new})]
    if faults := [line for line in told if line]:
        raise UsageError("; ".join(faults), "--resume", "Resume with the settings it was begun with")
    if changed := sorted(name for name in {*old_data, *new_data} if old_data.get(name) != new_data.get(name)):
        raise DataError(f"not what the training was begun with: {', '.join(changed)}", str(path), "Begin again")
    if processes != now["processes"]:
        raise UsageError(f"begun with {processes} processes, not {now['processes']}", "--resume", "Start as many")


def _told(kind: type[Settings], name: str, before: Any, now: Any) -> str:
    if before == now:
        return ""
    field = kind.model_fields.get(name)
    flag = (flags_of(name, field) if field else [name])[0].split("/")[0]
    return f"{flag} was {before}, not {now}"
