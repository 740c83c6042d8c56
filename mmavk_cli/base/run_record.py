"""The run folder: what a command did, beside what it made."""

import json
import os
import platform
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmavk_cli import __version__
from mmavk_cli.base.cores import cores
from mmavk_cli.base.device import peak_memory
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Json
from mmavk_cli.base.renamed import current
from mmavk_cli.base.settings import Settings, typed

PACKAGES = ("torch", "transformers", "tokenizers", "onnxruntime", "numpy", "pytorch-crf", "seqeval", "rapidocr")
RUN, METRICS, SCORES = "run.json", "metrics.jsonl", "scores.json"


@dataclass(slots=True)
class Run:
    """A run being made in `folder`; `facts` go into `run.json` when it ends."""

    folder: Path
    facts: Json = field(default_factory=dict)

    def log(self, line: Json) -> int:
        """Append a line to `metrics.jsonl`; returns the file's length in bytes."""
        with (self.folder / METRICS).open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(line) + "\n")
            return handle.tell()

    def rewind(self, length: int) -> None:
        """Cut `metrics.jsonl` to its first `length` bytes."""
        path = self.folder / METRICS
        if path.exists():
            os.truncate(path, length)

    def write(self, name: str, content: Json) -> None:
        """Write a JSON file into the run. Bytes of a file's name that are no text come as JSON's own escapes."""
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (self.folder / name).write_text(text, "utf-8", "backslashreplace")


def run_facts(command: str, settings: Settings, began: float) -> Json:
    """What every `run.json` says: `began` is when, on the clock of `time.monotonic`."""
    return {
        "command": command,
        "line": typed(settings, command),
        "settings": settings.model_dump(mode="json"),
        "mmavk": __version__,
        "versions": installed(PACKAGES),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {cores()} cores",
        "seconds": round(time.monotonic() - began, 1),
        "peak_memory_mb": round(peak_memory() / 2**20),
    }


def read_run(folder: Path, *commands: str) -> Json:
    """What `run.json` says of a run that one of `commands` made; its settings under the names of today.

    Raises:
        DataError: there is none, it is broken, or another command made it.
    """
    path = folder / RUN
    try:
        facts = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError("no run here", str(path), "Name a run folder") from error
    except (ValueError, RecursionError) as error:  # the second: lists within lists without end
        raise DataError(f"the run is broken: {error}", str(path), "Make it again") from error
    if not isinstance(facts, dict) or facts.get("command") not in commands:
        what = f"not a run of mmavk {' or '.join(commands)}"
        raise DataError(what, str(path), f"Make one: mmavk {commands[0]} --out RUN")
    if isinstance(facts.get("settings"), dict):
        facts["settings"] = current(facts["settings"], facts["command"])
    return facts


def read_record(path: Path, *needed: str) -> Json:
    """A JSON object in a run folder, such as scores.json.

    Raises:
        DataError: it is not there, broken, no object, or lacks a key that is needed.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Make the run again") from error
    except (ValueError, RecursionError) as error:  # the second: lists within lists without end
        raise DataError(f"the run is broken: {error}", str(path), "Make it again") from error
    if not isinstance(found, dict):
        raise DataError("not a JSON object", str(path), "Make the run again")
    if lacking := [name for name in needed if name not in found]:
        raise DataError(f"the run has no {lacking[0]!r}", str(path), "Make the run again")
    return found


def installed(packages: tuple[str, ...]) -> dict[str, str]:
    """The installed version of each package that is there."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
