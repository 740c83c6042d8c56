"""What the shell is offered for the value of an option: names that are there, of data sets, knowledge, recipes, runs.

Runs at every press of the tab key, so it reads folders and nothing else, and never complains.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer
from pydantic.fields import FieldInfo

from mmavk_cli.base.errors import MmavkError
from mmavk_cli.base.places import SPLITS, data_root, store_folder
from mmavk_cli.base.settings import Settings, flags_of

Complete = Callable[[typer.Context, str], list[str]]
Find = Callable[[dict[str, Any], str], Iterable[str]]
"""Effective settings and what was typed → names; those that begin otherwise are left out afterwards."""

MOST = 200
"""Names that are offered at most."""


def completion_of(settings: type[Settings], name: str, field: FieldInfo) -> Complete | None:
    """What completes the field `name` of a command; None leaves it to typer (choices) or the shell (files)."""
    find = _find(settings, name, not flags_of(name, field), field)
    if find is None:
        return None

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        given = {key: value for key, value in ctx.params.items() if key in settings.model_fields and value}
        try:
            layers = settings.layers(given, ctx.command_path.partition(" ")[2])
            found = find({key: value for key, (value, _) in layers.items()}, incomplete)
            return sorted({one for one in found if one.startswith(incomplete)})[:MOST]
        except (MmavkError, OSError, ValueError):
            return []

    return complete


def _find(settings: type[Settings], name: str, argument: bool, field: FieldInfo) -> Find | None:
    own_recipes = settings.recipe_file.__func__ is not Settings.recipe_file.__func__  # type: ignore[attr-defined]
    if name == "recipe":
        return _recipes if own_recipes else _knowledge
    if name == "name":
        return _datasets if argument else _knowledge
    found: dict[str, Find] = {
        "dataset": _datasets, "knowledge": _knowledge, "generator": _generators, "source": _data_or_paths,
        "model": _models, "run": _runs, "runs": _runs, "what": _knowledge,
    }  # fmt: skip
    return found.get(name) or (_paths if "Path" in str(field.annotation) else None)


def _datasets(given: dict[str, Any], _: str) -> Iterable[str]:
    root = data_root(_path(given.get("data_dir")))
    ends = (".txt", ".jsonl")
    return [
        folder.name
        for folder in (root.iterdir() if root.is_dir() else ())
        if any((folder / f"{split}{end}").is_file() for split in SPLITS for end in ends)
    ]


def _knowledge(given: dict[str, Any], typed: str) -> Iterable[str]:
    folder = store_folder(_path(given.get("store")))
    if not folder.is_dir():
        return ()
    from mmavk_cli.knowledge.store import Store

    before = typed.rpartition(",")[0]  # `--knowledge blip2,pg`: several where a command takes several
    with Store(folder, read_only=True, timeout_s=1.0) as store:
        return [f"{before},{one}" if before else one for one in store.names()]


def _recipes(_: dict[str, Any], typed: str) -> Iterable[str]:
    from mmavk_cli.tagger import settings as beside

    files = (Path(beside.__file__).parent / "recipes").glob("*.toml")
    return [*(file.stem for file in files), *(one for one in _paths({}, typed) if one.endswith((".toml", "/")))]


def _generators(_: dict[str, Any], __: str) -> Iterable[str]:
    from mmavk_cli.knowledge.generators import GENERATORS

    return [*GENERATORS, "none"]


def _models(given: dict[str, Any], typed: str) -> Iterable[str]:
    return ["embedded", *_runs(given, typed)]


def _runs(_: dict[str, Any], typed: str) -> Iterable[str]:
    """Run folders, and folders on the way to one."""
    return [path for path in _paths({}, typed) if path.endswith("/")]


def _data_or_paths(given: dict[str, Any], typed: str) -> Iterable[str]:
    return [*_datasets(given, typed), *_paths({}, typed)]


def _paths(_: dict[str, Any], typed: str) -> Iterable[str]:
    """Files and folders that begin so, a folder with a stroke behind it; hidden ones only where a dot was typed."""
    head, tail = os.path.split(typed)
    folder = Path(head or ("/" if typed.startswith("/") else "."))
    if not folder.is_dir():
        return []
    start = typed[: len(typed) - len(tail)]
    hidden = tail.startswith(".")
    shown = [path for path in folder.iterdir() if path.name.startswith(tail) and (hidden or path.name[0] != ".")]
    return [f"{start}{path.name}{'/' if path.is_dir() else ''}" for path in shown]


def _path(value: Any) -> Path | None:
    return None if value is None else Path(value)
