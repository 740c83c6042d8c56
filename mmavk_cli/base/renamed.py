"""Options that had another name: an old name is refused with the new one, and stored settings are read under the new.

An old name that no command has any more is refused wherever it is written. One that another command still has may stand
in the environment or among the general lines of the settings file for that command's sake; there it gets a note.
"""

import os
from collections.abc import Iterable, Mapping

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.records import Json

PREFIX = "MMAVK_"
"""Of the variables in the environment that are settings."""

RENAMED: dict[str, dict[str, str]] = {
    "tag": {"url": "server_url", "batch_size": "pictures_per_batch"},
    "generate": {"url": "server_url", "batch_size": "pictures_per_batch"},
    "score": {"threshold": "gate_at"},
    "train": {"url": "url_token"},
    "reproduce": {"url": "url_token"},
    "eval": {"seed": "resampling_seed"},
    "compare": {"seed": "resampling_seed"},
    "sweep": {"run": "model"},
    "export": {"name": "model_name"},
    "push": {"revision": "branch"},
    "data fetch": {"url": "mirror"},
    "store import": {"name": "knowledge_name"},
    "store export": {"recipe": "knowledge"},
    "store rm": {"recipe": "knowledge"},
}
"""Command → old name of an option → new name, as settings are called: `_` for `-`."""

SHARED = frozenset({"batch_size", "threshold", "seed", "recipe", "revision"})
"""Old names that another command still has, with the meaning that they keep."""


def variable(name: str) -> str:
    """`server_url` as a variable: `MMAVK_SERVER_URL`."""
    return f"{PREFIX}{name.upper()}"


def refuse_old(names: Iterable[str], command: str, where: str, *, shared: bool = True) -> None:
    """No name is an old one of the command's options.

    Args:
        names: what a file calls its settings, `_` for `-`.
        command: words after `mmavk`.
        where: the file.
        shared: names that another command still has are refused too.

    Raises:
        UsageError: one is, with its new name.
    """
    renamed = RENAMED.get(command, {})
    for name in names:
        if name in renamed and (shared or name not in SHARED):
            what = f"{name.replace('_', '-')!r} is now {renamed[name].replace('_', '-')!r} for mmavk {command}"
            raise UsageError(what, where, _advice(name))


def refuse_old_variables(command: str) -> None:
    """No variable in the environment has an old name that no command has any more.

    Raises:
        UsageError: one has, with its new name.
    """
    for name, new in RENAMED.get(command, {}).items():
        if name not in SHARED and variable(name) in os.environ:
            raise UsageError(f"is now {variable(new)} for mmavk {command}", variable(name), _advice(name))


def unread_variables(command: str) -> list[str]:
    """A note for each variable that `command` read under this name once and another command still reads."""
    return [
        f"{variable(name)} is not read by mmavk {command} any more: set {variable(new)}"
        for name, new in RENAMED.get(command, {}).items()
        if name in SHARED and variable(name) in os.environ and variable(new) not in os.environ
    ]


def new_names(name: str, command: str = "") -> dict[str, list[str]]:
    """New name → the commands in which it stands for the old `name`; of one `command` alone where it is given."""
    found: dict[str, list[str]] = {}
    for words, renamed in RENAMED.items():
        if name in renamed and command in {"", words}:
            found.setdefault(renamed[name], []).append(words)
    return found


def current(stored: Mapping[str, object], command: str) -> Json:
    """Settings of a record or a checkpoint, which may be older than a name, under the names of today."""
    renamed = RENAMED.get(command, {})
    return {renamed.get(name, name): value for name, value in stored.items()}


def _advice(name: str) -> str:
    """Where an old name stood for several settings, all of them: who set it may have meant another."""
    meanings = new_names(name)
    if len(meanings) == 1:
        return ""
    shown = (f"{new.replace('_', '-')} (mmavk {', '.join(words)})" for new, words in meanings.items())
    return f"It stood for {', '.join(shown)}"
