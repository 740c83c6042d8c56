"""Runs as a report is made of them, and what tells them apart."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmavk_cli.base.records import BadRow, Json
from mmavk_cli.report.predictions_reader import Answered

FIRST = (
    "command",
    "model",
    "dataset",
    "split",
    "input",
    "knowledge",
    "pairing",
    "threshold",
    "recipes",
    "data",
    "seed",
)
"""Facts of the card that come first, where a run has them."""

LAST = ("device", "mmavk", "machine", "seconds", "peak_memory_mb")
MEASURED = frozenset({"seconds", "peak_memory_mb"})
HIDDEN = frozenset(
    {"config", "quiet", "verbose", "traceback", "format", "out", "store", "data_dir", "images", "resume", "runs"}
)
"""Settings that say where things are or how much is told, not what comes out."""

ASIDE = frozenset({"settings", "versions", "line", "training", "encoder_is_folder"})
"""What a run says that is no line of its card, or several."""

DIGEST = re.compile(r"\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b")
"""A digest, of which the first digits tell it from others."""


@dataclass(frozen=True, slots=True)
class RunRead:
    """What a run folder holds: `facts` of run.json, `scores` of scores.json or sweep.json, the lines of metrics.jsonl
    and the posts; what the command does not write is empty. `name` is short for `folder`.
    """

    folder: Path
    facts: Json
    scores: Json = field(default_factory=dict[str, Any])
    log: Sequence[Json] = ()
    rows: Sequence[Answered | BadRow] = ()
    name: str = ""

    @property
    def command(self) -> str:
        """Which command made it."""
        return str(self.facts.get("command"))

    @property
    def data(self) -> str:
        """What names the file it read: its digest, else what was asked for."""
        data = self.facts.get("data")
        return ", ".join(map(str, data.values())) if isinstance(data, dict) and data else self.dataset

    @property
    def dataset(self) -> str:
        """The data, for people: `twitter2017/test`, or the input."""
        data = self.facts.get("data")
        if isinstance(data, dict) and data:
            return ", ".join(data)
        asked = self.facts.get("settings") or {}
        return str(asked.get("dataset") or asked.get("input") or "posts")

    def setting(self, name: str) -> Any:
        """A setting, None where the run has none of this name."""
        return (self.facts.get("settings") or {}).get(name)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the runs' card: a value a run, `-` where nothing was asked for, empty where its command does not ask.

    It differs where two runs that have it have different values.
    """

    name: str
    values: tuple[str, ...]
    differs: bool


def named(runs: Sequence[RunRead]) -> list[RunRead]:
    """The runs with short names: their folders from where they part."""
    folders = [run.folder.resolve() for run in runs]
    common = Path(os.path.commonpath([folder.parent for folder in folders]))
    return [replace(run, name=folder.relative_to(common).as_posix()) for run, folder in zip(runs, folders, strict=True)]


def facts_of(runs: Sequence[RunRead]) -> tuple[list[Fact], list[Fact]]:
    """What the runs did: the main facts and all that differ, and the others."""
    flat = [_flat(run.facts) for run in runs]
    names = list(dict.fromkeys((*FIRST, *LAST, *(name for one in flat for name in one))))
    said = set[str]().union(*flat)
    facts = [_fact(name, flat) for name in names if name in said]
    facts = [one for one in facts if not set(one.values) <= {"-", ""}]
    main = [one for one in facts if one.differs or one.name in {*FIRST, *LAST}]
    main.sort(key=lambda one: (one.name in LAST, one.name not in FIRST))
    return main, [one for one in facts if one not in main]


def _fact(name: str, flat: Sequence[Mapping[str, str]]) -> Fact:
    values = tuple(one.get(name, "") for one in flat)
    different = {one[name] for one in flat if name in one}
    return Fact(name, values, len(different) > 1 and name not in MEASURED)


def _flat(facts: Json) -> dict[str, str]:
    settings = {name: value for name, value in (facts.get("settings") or {}).items() if name not in HIDDEN}
    versions = {f"version of {name}": value for name, value in (facts.get("versions") or {}).items()}
    own = {name: value for name, value in facts.items() if name not in ASIDE}
    return {name: _words(value) for name, value in (settings | own | versions).items()}


def _words(value: Any) -> str:
    if value is None or value in ([], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_words(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return f"{value:g}" if isinstance(value, float) else DIGEST.sub(r"\1…", str(value))
