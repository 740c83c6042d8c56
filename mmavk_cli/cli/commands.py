"""All commands by their words, for what needs to know the others: `mmavk config` and `mmavk help`."""

from collections.abc import Iterator
from typing import Any

from mmavk_cli.base.settings import Settings


def settings_classes() -> dict[str, type[Settings]]:
    """Words after `mmavk` (`data stats`) → the settings of that command, in the order of the help page."""
    from mmavk_cli.cli.main import COMMANDS, load

    return {words: node.callback.settings for name in COMMANDS for words, node in _walk(load(name), name)}


def _walk(node: Any, words: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(node, "commands"):
        yield words, node
        return
    for name, child in node.commands.items():
        yield from _walk(child, f"{words} {name}")
