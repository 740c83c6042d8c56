"""config: the user's settings file, and where the value of each setting comes from."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from mmavk_cli.base.config import PLACES, config_file, edited, flat, plain, read_config
from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.paths import data_root, home, store_folder
from mmavk_cli.base.records import Json
from mmavk_cli.base.renamed import PREFIX, new_names
from mmavk_cli.base.settings import Common, Settings, is_list, kept_names, setting
from mmavk_cli.base.suggest import near
from mmavk_cli.flows.shared.options import Printed

Commands = Mapping[str, type[Settings]]
"""Words of a command (`data stats`) → its settings."""

DEFAULT = "default"
ALL = "mmavk config show COMMAND lists those of a command"


class ConfigShowSettings(Printed, Common):
    """Options of `mmavk config show`."""

    command: str | None = setting(
        None,
        "A command, `train` or `data.stats`: show all its settings. Without it: those that are set.",
        argument=True,
    )


class ConfigKeySettings(Common):
    """Options of `mmavk config unset`."""

    key: str = setting(..., "A setting, for all commands or for one: `data-dir`, `train.epochs`.", argument=True)


class ConfigSetSettings(Common):
    """Options of `mmavk config set`."""

    key: str = setting(..., "A setting, for all commands or for one: `data-dir`, `train.epochs`.", argument=True)
    value: str = setting(..., "Its value, as the option takes it.", argument=True)


class ConfigPathSettings(Common):
    """Options of `mmavk config path`."""


@dataclass(frozen=True, slots=True)
class Line:
    """One setting: what it is called, its value, and where that is from."""

    setting: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What is set; `unknown` are names that no command has."""

    config: Path
    lines: tuple[Line, ...]
    unknown: tuple[Line, ...]

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self) | {"config": str(self.config), "exists": self.config.exists()}


def config_show(settings: ConfigShowSettings, commands: Commands) -> Shown:
    """What the settings file and the environment say, or every setting of one command.

    Raises:
        UsageError: no such command, or a file that cannot be read.
    """
    path = config_file()
    if settings.command is not None:
        words = settings.command.replace(".", " ")
        if words not in commands:
            raise UsageError(f"no command {settings.command!r} with settings", "COMMAND", near(words, commands))
        return Shown(path, tuple(_of_command(commands[words], words)), ())
    known = {name for cls in commands.values() for name in kept_names(cls)}
    content = flat(read_config(path))
    lines = [Line(".".join(key).replace("_", "-"), _shown(value), str(path)) for key, value in content.items()]
    unknown = [line for key, line in zip(content, lines, strict=True) if not _fits(key, commands)]
    for variable in sorted(name for name in os.environ if name.startswith(PREFIX)):
        name = variable.removeprefix(PREFIX).lower()
        line = Line(name.replace("_", "-"), _secret(variable), variable)
        if variable not in PLACES:
            (lines if name in known else unknown).append(line)
    unset = [line for line in lines if line not in unknown]
    return Shown(path, (*unset, *_places(path)), tuple(unknown))


def config_set(settings: ConfigSetSettings, commands: Commands) -> Path:
    """Write one setting into the file; other lines and comments stay as they are.

    Raises:
        UsageError: no such setting, a value that a command would refuse, or a file that has to be edited by hand.
    """
    table, name, classes = _owners(settings.key, commands)
    values: list[Any] = []
    for words, cls in classes.items():
        field = cls.model_fields[kept_names(cls)[name]]
        raw = settings.value.split(",") if is_list(field) else settings.value
        try:
            kind: Any = Annotated[field.annotation, field]
            values.append(TypeAdapter(kind).validate_python(raw))
        except ValidationError as error:
            message = error.errors()[0]["msg"]
            advice = f"Set it for one command: {next(iter(classes))}.{name}" if len(classes) > 1 else "See --help"
            raise UsageError(f"mmavk {words}: {message[0].lower()}{message[1:]}", settings.key, advice) from None
    return _write(table, name, values[0], settings.key)


def config_unset(settings: ConfigKeySettings) -> Path:
    """Remove one setting from the file.

    Raises:
        UsageError: it is not there, or the file has to be edited by hand.
    """
    *table, name = settings.key.split(".")
    content = flat(read_config(config_file()))
    if (*table, plain(name)) not in content:
        raise UsageError(f"{settings.key!r} is not set", str(config_file()), near(settings.key, map(".".join, content)))
    return _write(tuple(table), plain(name), None, settings.key)


def _of_command(cls: type[Settings], words: str) -> list[Line]:
    layers = cls.layers({}, words)
    lines = []
    for option, name in kept_names(cls).items():
        field = cls.model_fields[name]
        value, source = layers.get(name, (None if field.is_required() else field.default, DEFAULT))
        lines.append(Line(option.replace("_", "-"), _shown(value), source))
    return lines


def _owners(key: str, commands: Commands) -> tuple[tuple[str, ...], str, dict[str, type[Settings]]]:
    """The table of a key, its setting's name, and the commands that it is for.

    Raises:
        UsageError: no command has it.
    """
    *table, name = key.split(".")
    words, name = " ".join(table), plain(name)
    if table and words not in commands:
        raise UsageError(f"no command {words!r} with settings", key, near(words, commands))
    for_all = commands if not table else {words: commands[words]}
    classes = {one: cls for one, cls in for_all.items() if name in kept_names(cls)}
    if not classes and (new := renamed_to(key)):
        raise UsageError("the setting has a new name", key, new)
    if not classes:
        known = {one.replace("_", "-") for cls in for_all.values() for one in kept_names(cls)}
        raise UsageError(f"no setting {name.replace('_', '-')!r}", key, near(name.replace("_", "-"), known) or ALL)
    return tuple(table), name, classes


def renamed_to(key: str) -> str:
    """What to write in place of an old name; empty where it is none."""
    *table, name = key.split(".")
    new = new_names(plain(name), " ".join(table))
    shown = [f"{one.replace('_', '-')} (mmavk {', '.join(words)})" for one, words in new.items()]
    return f"Write {', '.join(shown)}" if shown else ""


def _fits(key: tuple[str, ...], commands: Commands) -> bool:
    try:
        _owners(".".join(key), commands)
    except UsageError:
        return False
    return True


def _write(table: tuple[str, ...], name: str, value: Any, key: str) -> Path:
    path = config_file()
    read_config(path)
    try:
        text = edited(path.read_text("utf-8") if path.exists() else "", table, name, value)
    except ValueError as error:
        raise UsageError(f"cannot change {key!r}: {error}", str(path), "Edit it by hand") from None
    with atomic_write(path.resolve()) as handle:  # a link to the file, as keepers of dotfiles have it, stays
        handle.write(text)
    return path


def _places(path: Path) -> list[Line]:
    def line(name: str, value: Path, variable: str) -> Line:
        return Line(name, str(value), variable if os.environ.get(variable) else DEFAULT)

    return [
        line("(settings file)", path, "MMAVK_CONFIG"),
        line("(home)", home(), "MMAVK_HOME"),
        line("(data folder)", data_root(None), "MMAVK_DATA"),
        line("(store)", store_folder(None), "MMAVK_HOME"),
    ]


def _secret(variable: str) -> str:
    return "(hidden)" if "KEY" in variable or "TOKEN" in variable else os.environ[variable]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
