"""Settings: one typed class a stage, the only place where a default is written.

A command's class inherits those of its stages; flags, the environment, a TOML file (`--config`), a recipe and the
user's settings file fill the same fields, in that order of precedence, and all faults are told at once with the flag's
name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from mmavk_cli.base.config import config_file, from_environment, kept, plain, read_toml
from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.renamed import refuse_old, refuse_old_variables
from mmavk_cli.base.suggest import near


def setting(
    default: Any,
    text: str,
    *flags: str,
    here: str = "",
    argument: bool = False,
    flag_only: bool = False,
    metavar: str = "",
    **limits: Any,
) -> Any:
    """A field with its help text. Without `flags` the option is the field's name with dashes.

    Args:
        default: the value where nothing else gives one.
        text: what the setting means, the same in every command that has it.
        flags: other spellings of its option.
        here: what only this command has to add, such as a default in words.
        argument: it is positional.
        flag_only: it is taken from the command line alone, never from a file or the environment.
        metavar: what a help page calls its value.
        limits: pydantic's (`ge`, `le`, `gt`, `lt`).
    """
    extra: dict[str, Any] = {
        "flags": list(flags), "here": here, "argument": argument, "flag_only": flag_only, "metavar": metavar
    }  # fmt: skip
    return Field(default, description=text, json_schema_extra=extra, **limits)


def extra_of(field: FieldInfo) -> dict[str, Any]:
    """What `setting` keeps of a field beside pydantic's own: flags, here, argument, flag_only, metavar."""
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


class Settings(BaseModel):
    """Base of all settings classes: frozen, and a name it does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def recipe_file(cls, name: str) -> Path | None:  # noqa: ARG003
        """The TOML file of the settings recipe `name`; None where `--recipe` is not one of settings."""
        return None

    @classmethod
    def gather(cls, given: Mapping[str, Any], command: str = "") -> Self:
        """Settings from flags (`given`) over the environment, the file of `--config`, that of `--recipe` and the user's
        settings file over the defaults. Without a `command` neither environment nor settings file is asked.

        Raises:
            UsageError: every fault found, each with its flag, in one message.
        """
        layers = cls.layers(given, command)
        try:
            return cls(**{name: _fitted(cls, name, *layer) for name, layer in layers.items()})
        except ValidationError as error:
            raise UsageError(_faults(cls, error, layers), do="See --help") from None

    @classmethod
    def layers(cls, given: Mapping[str, Any], command: str = "") -> dict[str, tuple[Any, str]]:
        """Setting → its value and where that is from (empty: a flag), of those that do not stand at their default.

        Raises:
            UsageError: a file that cannot be read, or says what only a flag can.
        """
        options = kept_names(cls)
        layers: dict[str, tuple[Any, str]] = {}
        environment: dict[str, tuple[Any, str]] = {}
        if command:
            path = config_file()
            several = {option: is_list(cls.model_fields[name]) for option, name in options.items()}
            refuse_old_variables(command)
            environment = {options[option]: value for option, value in from_environment(several).items()}
            layers |= {options[option]: (value, str(path)) for option, value in kept(path, command, options).items()}
        asked = environment.get("recipe") or layers.get("recipe") or (None, "")
        wanted = given.get("recipe") or asked[0]
        recipe = cls.recipe_file(wanted) if wanted else None
        for file in (recipe, Path(given["config"]) if given.get("config") else None):
            if file is not None:
                layers |= {name: (value, str(file)) for name, value in _written(cls, file, command).items()}
        return layers | environment | {name: (value, "") for name, value in given.items()}


class Common(Settings):
    """What every command has."""

    config: Path | None = setting(None, "TOML file with settings; flags take precedence.", flag_only=True)
    quiet: bool = setting(False, "Errors only, no progress.", "--quiet", "-q")
    verbose: bool = setting(False, "Print details.", "--verbose", "-v")
    traceback: bool = setting(False, "Show Python's traceback when something fails.", "--traceback", flag_only=True)


class StorePlace(Settings):
    """Where knowledge and similarities are kept."""

    store: Path | None = setting(None, "Knowledge store. [default: MMAVK_HOME, else the platform's cache folder]")


class DataFolder(Settings):
    """Where data sets are."""

    data_dir: Path | None = setting(None, "Folder with the data sets. [default: MMAVK_DATA, else data/ in the home]")


IMAGES = "Folder of the pictures, <id>.jpg."


class DataPlace(DataFolder):
    """Where data sets and their pictures are."""

    images: Path | None = setting(None, IMAGES, here="[default: NAME_images beside the data set]")


ONCE = frozenset({"recipe", "resume", *Common.model_fields})
"""Settings that a command line which gives all the others does without."""


def flags_of(name: str, field: FieldInfo) -> list[str]:
    """The option's spellings, the first one long: `--data-dir`; `--x/--no-x` for a switch. Empty for an argument."""
    extra = extra_of(field)
    if extra.get("argument"):
        return []
    flags = [str(flag) for flag in extra.get("flags") or ()]
    if any(flag.startswith("--") for flag in flags):
        return flags
    long = f"--{name.replace('_', '-')}"
    return [f"{long}/--no-{name.replace('_', '-')}" if field.annotation is bool else long, *flags]


def option_names(cls: type[Settings]) -> dict[str, str]:
    """What an option is called in files and the environment, its long flag with `_` for `-`, → its field."""
    found = {}
    for name, field in cls.model_fields.items():
        long = [flag for flag in flags_of(name, field) if flag.startswith("--")]
        if long:
            found[plain(long[0].partition("/")[0].removeprefix("--"))] = name
    return found


def kept_names(cls: type[Settings]) -> dict[str, str]:
    """The same, of the options that may stand in a file or the environment."""
    names = option_names(cls)
    return {option: name for option, name in names.items() if not extra_of(cls.model_fields[name]).get("flag_only")}


def in_order(settings: type[Settings]) -> list[str]:
    """The fields as a person looks for them: the command's own first, what all commands have last."""
    names = [name for cls in settings.__mro__ for name in vars(cls).get("__annotations__", {})]
    return [name for name in dict.fromkeys(names) if name in settings.model_fields]


def typed(settings: Settings, command: str) -> list[str]:
    """The words of a command line that gives these settings, without recipe and settings file."""
    words = ["mmavk", command]
    for name in in_order(type(settings)):
        value, field = getattr(settings, name), type(settings).model_fields[name]
        flags = flags_of(name, field)
        if value in (None, field.default) or name in ONCE:
            continue
        yes, _, no = (flags or [""])[0].partition("/")
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, bool):
                words.append(yes if one else no)
            else:
                words += [yes, str(one)] if yes else [str(one)]
    return words


def is_list(field: FieldInfo) -> bool:
    """The setting takes several values."""
    return any(get_origin(one) is list for one in (field.annotation, *get_args(field.annotation)))


def _fitted(cls: type[Settings], name: str, value: Any, source: str) -> Any:
    """A value as the setting takes it. One from a file or the environment may be for two commands of which only one
    takes several: one value for a setting of several is a list of it, a list of one for a setting of one that value.
    """
    if not source or name not in cls.model_fields:
        return value
    several = is_list(cls.model_fields[name])
    if several and not isinstance(value, list):
        return [value]
    return value[0] if not several and isinstance(value, list) and len(value) == 1 else value


def _written(cls: type[Settings], file: Path, command: str) -> dict[str, Any]:
    """Setting → value of the file of `--config` or `--recipe`.

    Raises:
        UsageError: it cannot be read, says what only a flag can, or calls a setting by an old name.
    """
    options = option_names(cls)
    content = {plain(name): value for name, value in read_toml(file).items()}
    if refused := min(content.keys() & (options.keys() - kept_names(cls).keys()), default=""):
        raise UsageError(f"{refused} can only be given on the command line", str(file), "Remove the line")
    refuse_old(content.keys() - options.keys(), command, str(file))
    return {options.get(name, name): value for name, value in content.items()}


def _faults(cls: type[Settings], error: ValidationError, layers: Mapping[str, tuple[Any, str]]) -> str:
    lines = []
    for fault in error.errors():
        name = str(fault["loc"][0]) if fault["loc"] else ""
        field = cls.model_fields.get(name)
        flag = (flags_of(name, field) or [name.upper()])[0].split("/")[0] if field else name
        source = layers.get(name, (None, ""))[1]
        if fault["type"] == "extra_forbidden":
            lines.append(f"{source}: no setting is called {name!r}. {near(name, cls.model_fields)}".lstrip(": "))
            continue
        message = str(fault["ctx"]["error"]) if "error" in fault.get("ctx", {}) else fault["msg"]
        lines.append(f"{flag}{f' ({source})' if source else ''}: {message[0].lower()}{message[1:]}".lstrip(": "))
    return "; ".join(lines)
