"""Training recipes: settings to start from, which ship with mmavk or are a TOML file."""

from pathlib import Path

import mmavk_cli.tagger
from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.suggest import near

RECIPES = Path(mmavk_cli.tagger.__file__).parent / "recipes"


def recipe_names() -> list[str]:
    """The recipes that ship with mmavk."""
    return [file.stem for file in RECIPES.glob("*.toml")]


def recipe_file(name: str) -> Path:
    """A recipe that ships with mmavk, by name, or a TOML file.

    Raises:
        UsageError: there is no such recipe.
    """
    if name.endswith(".toml"):
        return Path(name)
    path = RECIPES / f"{name}.toml"
    if not path.is_file():
        advice = near(name, recipe_names())
        raise UsageError(f"no recipe {name!r}", "--recipe", f"{advice} A file is named with its .toml")
    return path
