"""The run folder: what a command did, beside what it made."""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mmavk_cli import __version__
from mmavk_cli.base.device import peak_memory
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.files import atomic_folder
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import Settings

PACKAGES = ("torch", "transformers", "tokenizers", "onnxruntime", "numpy", "pytorch-crf", "seqeval", "rapidocr")
METRICS = "metrics.jsonl"


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
        """Write a JSON file into the run."""
        (self.folder / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


@contextmanager
def new_run(out: Path, command: str, settings: Settings, keep: bool = False) -> Iterator[Run]:
    """A run folder that gets its name when the block ends well; until then it is `.NAME.unfinished`.

    With `keep` what an earlier attempt left there stays.

    Raises:
        DataError: the folder is already there or cannot be made.
    """
    began = time.monotonic()
    with atomic_folder(out, keep) as folder:
        run = Run(folder)
        yield run
        run.write(
            "run.json",
            {
                "command": command,
                "settings": settings.model_dump(mode="json"),
                "mmavk": __version__,
                "versions": installed(PACKAGES),
                "python": platform.python_version(),
                "machine": f"{platform.machine()}, {os.cpu_count()} cores",
                "seconds": round(time.monotonic() - began, 1),
                "peak_memory_mb": round(peak_memory() / 2**20),
                **run.facts,
            },
        )


def read_run(folder: Path, *commands: str) -> Json:
    """What `run.json` says of a run that one of `commands` made.

    Raises:
        DataError: there is none, it is broken, or another command made it.
    """
    path = folder / "run.json"
    try:
        facts = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError("no run here", str(path), "Name a run folder") from error
    except ValueError as error:
        raise DataError(f"the run is broken: {error}", str(path), "Make it again") from error
    if not isinstance(facts, dict) or facts.get("command") not in commands:
        what = f"this is no run of mmavk {' or '.join(commands)}"
        raise DataError(what, str(path), f"Make one: mmavk {commands[0]} --out RUN")
    return facts


def installed(packages: tuple[str, ...]) -> dict[str, str]:
    """The installed version of each package that is there."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
