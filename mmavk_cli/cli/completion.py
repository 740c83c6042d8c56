"""What the shell is offered for the value of an option: names that are there, of data sets, knowledge, recipes, runs.

Runs at every press of the tab key, so it reads folders and nothing else, and never complains.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer

from mmavk_cli.base.errors import MmavkError
from mmavk_cli.base.settings import Settings, kept_names
from mmavk_cli.cli.topics import topics
from mmavk_cli.flows.shared import known_names as known
from mmavk_cli.flows.shared.recipes import recipe_names

Complete = Callable[[typer.Context, str], list[str]]
Find = Callable[[dict[str, Any], str], Iterable[str]]
"""Effective settings and what was typed → names; those that begin otherwise are left out afterwards."""

MOST = 200
"""Names that are offered at most."""


def completion_of(settings: type[Settings], name: str) -> Complete | None:
    """What completes the field `name` of a command; None leaves it to typer, which knows choices.

    Where nothing is found the shell offers files.
    """
    find = _find(settings, name)
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


def _find(settings: type[Settings], name: str) -> Find | None:
    found: dict[str, Find] = {
        "dataset": _datasets, "source": _datasets,
        "knowledge": _knowledge, "knowledge_name": _knowledge, "what": _knowledge,
        "recipe": lambda _, __: recipe_names(),
        "model": lambda given, typed: ("embedded", *_runs(given, typed)), "run": _runs, "runs": _runs,
        "generator": lambda _, __: known.generators(), "topic": _topics, "key": _keys, "command": _commands,
        **{setting: _one_of(names) for setting, names in known.parts().items()},
    }  # fmt: skip
    find = found.get(name)
    return None if find is _knowledge and "store" not in settings.model_fields else find


def _one_of(names: Iterable[str]) -> Find:
    return lambda _, __: names


def _datasets(given: dict[str, Any], _: str) -> Iterable[str]:
    return known.datasets(_path(given.get("data_dir")))


def _knowledge(given: dict[str, Any], typed: str) -> Iterable[str]:
    before = typed[: typed.rfind(",") + 1]  # `--knowledge blip2,pg`: several where a command takes several
    return [f"{before}{one}" for one in known.knowledge(_path(given.get("store")))]


def _runs(_: dict[str, Any], typed: str) -> Iterable[str]:
    return map(str, known.runs(Path(typed[: typed.rfind("/") + 1] or ".")))


def _topics(_: dict[str, Any], __: str) -> Iterable[str]:
    from mmavk_cli.cli.commands import COMMANDS

    return [*topics(), *COMMANDS]


def _keys(_: dict[str, Any], __: str) -> Iterable[str]:
    from mmavk_cli.cli.commands import settings_classes

    classes = settings_classes()
    names = {words.replace(" ", "."): set(kept_names(cls)) for words, cls in classes.items()}
    everywhere = {option for options in names.values() for option in options}
    own = (f"{words}.{option}" for words, options in names.items() for option in options)
    return [key.replace("_", "-") for key in (*everywhere, *own)]


def _commands(_: dict[str, Any], __: str) -> Iterable[str]:
    from mmavk_cli.cli.commands import settings_classes

    return [words.replace(" ", ".") for words in settings_classes()]


def _path(value: Any) -> Path | None:
    return None if value is None else Path(value)
