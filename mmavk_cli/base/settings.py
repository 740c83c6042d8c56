"""Settings: one typed class a stage, the only place where a default is written.

A command's class inherits those of its stages; flags, a TOML file (`--config`) and a recipe fill the same fields, in
that order of precedence, and all faults are told at once with the flag's name.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from mmavk_cli.base.errors import UsageError


def setting(default: Any, text: str, *flags: str, argument: bool = False, metavar: str = "", **limits: Any) -> Any:
    """A field with its help text. `flags` are other spellings of its option; `argument` makes it positional.

    `limits` are pydantic's (`ge`, `le`, `gt`, `lt`). Without `flags` the option is the field's name with dashes.
    """
    extra: dict[str, Any] = {"flags": list(flags), "argument": argument, "metavar": metavar}
    return Field(default, description=text, json_schema_extra=extra, **limits)


class Settings(BaseModel):
    """Base of all settings classes: frozen, and a name it does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def recipe_file(cls, name: str) -> Path | None:  # noqa: ARG003
        """The TOML file of the settings recipe `name`; None where `--recipe` is not one of settings."""
        return None

    @classmethod
    def gather(cls, given: Mapping[str, Any]) -> Self:
        """Settings from flags (`given`) over the file of `--config` over that of `--recipe` over the defaults.

        Raises:
            UsageError: every fault found, each with its flag, in one message.
        """
        layers: dict[str, tuple[Any, str]] = {}
        recipe = cls.recipe_file(given["recipe"]) if given.get("recipe") else None
        for path in (recipe, Path(given["config"]) if given.get("config") else None):
            if path is None:
                continue
            layers |= {name.replace("-", "_"): (value, str(path)) for name, value in read_toml(path).items()}
        layers |= {name: (value, "") for name, value in given.items()}
        try:
            return cls(**{name: value for name, (value, _) in layers.items()})
        except ValidationError as error:
            raise UsageError(_faults(cls, error, layers), do="See --help") from None


class Common(Settings):
    """What every command has."""

    config: Path | None = setting(None, "TOML file with settings; flags go before it.")
    quiet: bool = setting(False, "Errors only, no progress.", "--quiet", "-q")
    verbose: bool = setting(False, "Say more.", "--verbose", "-v")
    traceback: bool = setting(False, "Show Python's traceback when something fails.", "--traceback")


class StorePlace(Settings):
    """Where knowledge and similarities are kept."""

    store: Path | None = setting(None, "Knowledge store. [default: MMAVK_HOME, else the platform's cache folder]")


class DataFolder(Settings):
    """Where data sets are."""

    data_dir: Path | None = setting(None, "Folder that holds data sets. [default: MMAVK_DATA, else data/ in the home]")


class DataPlace(DataFolder):
    """Where data sets and their pictures are."""

    images: Path | None = setting(None, "Folder of the pictures, <id>.jpg. [default: NAME_images beside the data set]")


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary.

    Raises:
        UsageError: it cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read: {error.strerror}", str(path), "Check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"not TOML: {error}", str(path), "Write name = value, a line each") from error


def flags_of(name: str, field: FieldInfo) -> list[str]:
    """The option's spellings, the first one long: `--data-dir`; `--x/--no-x` for a switch. Empty for an argument."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    if extra.get("argument"):
        return []
    flags = [str(flag) for flag in extra.get("flags") or ()]  # type: ignore[union-attr]
    if any(flag.startswith("--") for flag in flags):
        return flags
    long = f"--{name.replace('_', '-')}"
    return [f"{long}/--no-{name.replace('_', '-')}" if field.annotation is bool else long, *flags]


def _faults(cls: type[Settings], error: ValidationError, layers: Mapping[str, tuple[Any, str]]) -> str:
    lines = []
    for fault in error.errors():
        name = str(fault["loc"][0]) if fault["loc"] else ""
        field = cls.model_fields.get(name)
        flag = (flags_of(name, field) or [name.upper()])[0].split("/")[0] if field else name
        source = layers.get(name, (None, ""))[1]
        message = str(fault["ctx"]["error"]) if "error" in fault.get("ctx", {}) else fault["msg"]
        lines.append(f"{flag}{f' ({source})' if source else ''}: {message[0].lower()}{message[1:]}".lstrip(": "))
    return "; ".join(lines)
