"""The user's settings file and the environment: what holds where no flag is given (docs/settings.md)."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.renamed import refuse_old, variable
from mmavk_cli.base.suggest import near

PLACES = ("MMAVK_CONFIG", "MMAVK_HOME", "MMAVK_DATA", "MMAVK_API_KEY")
"""Variables that are no option's: this file's place, the home, the data folder, a server's key."""


def config_file() -> Path:
    """`MMAVK_CONFIG`, else `config.toml` in the platform's folder for the settings of mmavk. It need not exist."""
    if place := os.environ.get("MMAVK_CONFIG"):
        return Path(place)
    import platformdirs

    return Path(platformdirs.user_config_dir("mmavk", appauthor=False)) / "config.toml"


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary.

    Raises:
        UsageError: it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read: {error.strerror}", str(path), "Check the path") from error
    except (ValueError, RecursionError) as error:  # also of a number of thousands of digits, and of deep lists
        raise UsageError(f"not TOML: {error}", str(path), "Write name = value, a line each") from error


def read_config(path: Path) -> dict[str, Any]:
    """The settings file; empty where there is none.

    Raises:
        UsageError: it cannot be read or is not TOML.
    """
    return read_toml(path) if path.exists() else {}


def plain(name: str) -> str:
    """`data-dir`, as options are written, as the name of its field: `data_dir`."""
    return name.replace("-", "_")


def kept(path: Path, command: str, known: Iterable[str]) -> dict[str, Any]:
    """What the settings file says to `command` (`data stats`): its lines before the first table that the command knows,
    then the command's own table, `[data.stats]`.

    Raises:
        UsageError: the file cannot be read, the command's table names a setting it does not have, or a name is old.
    """
    content, names = read_config(path), set(known)
    refuse_old(map(plain, content), command, str(path), shared=False)
    found = {plain(name): value for name, value in content.items() if plain(name) in names}
    table: Any = content
    for word in command.split():
        table = table.get(word) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return found
    refuse_old(set(map(plain, table)) - names, command, str(path))
    for name, value in table.items():
        if not isinstance(value, dict):
            if plain(name) not in names:
                advice = near(plain(name), names)
                raise UsageError(f"mmavk {command} has no setting {name!r}", str(path), advice)
            found[plain(name)] = value
    return found


def from_environment(lists: Mapping[str, bool]) -> dict[str, tuple[Any, str]]:
    """Setting → value and variable, of those in the environment: `MMAVK_BATCH_SIZE` is `--batch-size`.

    `lists` are the names to look for, and whether one takes several values, which commas separate.
    """
    found: dict[str, tuple[Any, str]] = {}
    for name, several in lists.items():
        its = variable(name)
        if its in PLACES or its not in os.environ:
            continue
        value = os.environ[its]
        found[name] = (value.split(",") if several else value, its)
    return found


def edited(text: str, table: Sequence[str], name: str, value: Any) -> str:
    """TOML with `name = value` in a table (empty: before the first), all other lines as they were; None removes it.

    Args:
        text: the file as it is.
        table: the words of the table's name; empty: the lines before the first table.
        name: of the setting.
        value: its new value; None removes the setting.

    Raises:
        ValueError: not without touching more.
    """
    lines = text.removesuffix("\n").split("\n") if text else []
    heads = [at for at, line in enumerate(lines) if line.lstrip().startswith("[")]
    found = (at for at in heads if _table(lines[at]) == tuple(table))
    begins = next(found, None) if table else -1
    if begins is None:
        lines += [*([""] if lines else []), f"[{'.'.join(table)}]"]
        begins = len(lines) - 1
        heads.append(begins)
    ends = next((at for at in heads if at > begins), len(lines))
    line = [] if value is None else [f"{name.replace('_', '-')} = {_toml(value)}"]
    there = [at for at in range(begins + 1, ends) if _key(lines[at]) == plain(name)]
    while not there and ends > begins + 1 and not lines[ends - 1].strip():
        ends -= 1
    lines[slice(there[0], there[0] + 1) if there else slice(ends, ends)] = line
    result = "".join(f"{one}\n" for one in lines)
    if flat(tomllib.loads(result)) != _changed(flat(tomllib.loads(text)), (*table, plain(name)), value):
        raise ValueError("the file is written in another way")
    return result


def _table(line: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in line.partition("#")[0].strip().strip("[]").split("."))


def _key(line: str) -> str | None:
    match = re.match(r"\s*[\"']?([A-Za-z0-9_-]+)[\"']?\s*=", line)
    return plain(match[1]) if match else None


def _toml(value: Any) -> str:
    import json

    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    text = json.dumps(value if isinstance(value, bool | int | float) else str(value), ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")  # the one character that JSON has plain and TOML has not


def flat(content: Mapping[str, Any], above: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """What stands in a settings file: the words of a table and a setting's name → its value."""
    found: dict[tuple[str, ...], Any] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            found |= flat(value, (*above, name))
        else:
            found[(*above, plain(name))] = value
    return found


def _changed(content: dict[tuple[str, ...], Any], key: tuple[str, ...], value: Any) -> dict[tuple[str, ...], Any]:
    rest = {name: old for name, old in content.items() if name != key}
    return rest if value is None else rest | {key: tomllib.loads(f"v = {_toml(value)}")["v"]}
