"""Command line of `mmavk config`: show, set, unset, path."""

import typer

from mmavk_cli.base.config import config_file
from mmavk_cli.cli.commands import settings_classes
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.tables import number_table
from mmavk_cli.flows.config import (
    ConfigKeySettings,
    ConfigPathSettings,
    ConfigSetSettings,
    ConfigShowSettings,
    Shown,
    config_set,
    config_show,
    config_unset,
    renamed_to,
)

SHOW = """Show what is set, and where each value comes from.

In order of precedence: the flag, the environment (MMAVK_BATCH_SIZE is --batch-size), the files of --config and
--recipe, the settings file, the default. With COMMAND every setting of that command is shown."""

SET = """Write a setting into the settings file, for all commands that have it or for one.

The value is validated as the option would be; other lines of the file, comments included, are not changed."""

UNSET = """Remove a setting from the settings file."""

PATH = """Print the path of the settings file: MMAVK_CONFIG, else in the platform's folder for settings."""


def add(app: typer.Typer) -> None:
    """Add `mmavk config` with its commands."""
    config = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Show and change the settings file.")
    add_command(
        config, "show", ConfigShowSettings, _show, SHOW,
        ["mmavk config show", "MMAVK_EPOCHS=3 mmavk config show train", "mmavk config show data.stats --json"],
    )  # fmt: skip
    add_command(
        config, "set", ConfigSetSettings, _set, SET,
        ["mmavk config set data-dir ~/tweets", "mmavk config set train.epochs 8"],
    )  # fmt: skip
    unset = "mmavk config set train.epochs 8 && mmavk config unset train.epochs"
    add_command(config, "unset", ConfigKeySettings, _unset, UNSET, [unset])
    add_command(config, "path", ConfigPathSettings, _path, PATH, ["mmavk config path"])
    app.add_typer(config, name="config")


def _show(settings: ConfigShowSettings) -> None:
    shown = config_show(settings, settings_classes())
    if settings.format == "json":
        print_json(shown.as_json())
    else:
        _print(shown)
    for line in () if settings.quiet else shown.unknown:
        new = renamed_to(line.setting)
        typer.echo(f"no command has {line.setting!r} ({line.source}){f'. {new}' if new else ''}", err=True)


def _print(shown: Shown) -> None:
    from rich.console import Console

    table = number_table("setting", "value", "from", words=3)
    for line in shown.lines:
        table.add_row(line.setting, line.value, line.source)
    Console(markup=False, highlight=False).print(table)


def _set(settings: ConfigSetSettings) -> None:
    path = config_set(settings, settings_classes())
    if not settings.quiet:
        typer.echo(f"{settings.key} = {settings.value} in {path}", err=True)


def _unset(settings: ConfigKeySettings) -> None:
    path = config_unset(settings)
    if not settings.quiet:
        typer.echo(f"{settings.key} removed from {path}", err=True)


def _path(_: ConfigPathSettings) -> None:
    typer.echo(config_file())
