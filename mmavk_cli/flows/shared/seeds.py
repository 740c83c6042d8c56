"""Several seeds of one run: which, in which folders, and whether a run that is there is the one that is asked for."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, Self

from pydantic import field_validator, model_validator

from mmavk_cli.base.digest import digest_file
from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.paths import dataset_folder, split_file
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import Common, DataPlace, Settings, StorePlace, flags_of, setting

SEED = "seed-"
"""A seed's folder in a folder of several is `seed-3`."""

PLACES = frozenset({*StorePlace.model_fields, *DataPlace.model_fields, *Common.model_fields})
FREE = PLACES | {
    "out",
    "recipe",
    "seeds",
    "resume",
    "dry_run",
    "tensorboard",
    "save_steps",
    "require_knowledge",
    "format",
}
"""Settings that say where things are, how much is told and how a run is kept, not what comes out."""


class SeedChoice(Settings):
    """Which seeds."""

    seeds: str | None = setting(None, "Several seeds, `1,2,3`: one run folder each. [default: the one of --seed]")

    @field_validator("seeds", mode="before")
    @classmethod
    def _is_list(cls, value: Any) -> str | None:
        if value is None:
            return None
        try:
            seeds = [int(one) for one in str(value).split(",")]
        except ValueError:
            seeds = [-1]
        if min(seeds) < 0 or len(set(seeds)) < len(seeds):
            raise ValueError(f"{value!r} is not a list of distinct numbers from 0, such as 1,2,3")
        return ",".join(map(str, seeds))

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.seeds is not None and "seed" in self.model_fields_set:
            raise ValueError("--seeds: give --seed or --seeds, not both")
        return self

    @property
    def seed_list(self) -> tuple[int, ...]:
        """The seeds of `--seeds`, in the order given; empty without it."""
        return tuple(map(int, self.seeds.split(","))) if self.seeds else ()


def seed_folder(folder: Path, seed: int) -> Path:
    """Where one seed's run is in a folder of several."""
    return folder / f"{SEED}{seed}"


def seed_folders(folder: Path) -> dict[int, Path]:
    """The seeds that are there whole, in order; empty where `folder` is no folder of several seeds."""
    if not folder.is_dir():
        return {}
    numbers = sorted(
        int(path.name.removeprefix(SEED))
        for path in folder.iterdir()
        if path.is_dir() and path.name.startswith(SEED) and path.name.removeprefix(SEED).isdecimal()
    )
    return {number: seed_folder(folder, number) for number in numbers}


def check_unchanged(folder: Path, facts: Json, settings: Settings, ignored: Collection[str] = ()) -> None:
    """The run in `folder`, of which `run.json` says `facts`, was made with these settings.

    Args:
        folder: of the run.
        facts: its `run.json`.
        settings: those of now.
        ignored: names of settings that may differ.

    Raises:
        UsageError: one differs, with its flag and both values. What says where things are may differ, and `ignored`.
    """
    before = facts["settings"]
    for name, now in settings.model_dump(mode="json").items():
        field = type(settings).model_fields[name]
        was = before.get(name, field.default)  # a setting that is younger than the run
        if name in FREE or name in ignored or was == now:
            continue
        flag = (flags_of(name, field) or [name.upper()])[0].split("/")[0]
        what = f"was made with {flag} {_shown(was)}, now {_shown(now)}"
        raise UsageError(what, str(folder), f"Give {flag} {_shown(was)}, choose another --out, or remove the folder")


def check_data(folder: Path, facts: Json, data_dir: Path | None) -> None:
    """The run in `folder`, of which `run.json` says `facts`, read the files that are there now.

    Raises:
        DataError: one has another SHA-256, or is gone.
    """
    for name, before in facts["data"].items():
        dataset, _, split = name.partition("/")
        if digest_file(split_file(dataset_folder(dataset, data_dir), split)) != before:
            raise DataError(f"was made with another {name} (SHA-256 differs)", str(folder), "Choose another --out")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "(not given)" if value is None else str(value)
