"""The commands of `mmavk` as they are registered, for the tests of the design."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mmavk_cli.base.settings import Settings
from mmavk_cli.cli.commands import COMMANDS, load


@dataclass(frozen=True)
class Command:
    """One command: its words after `mmavk`, its parsed options, and what it was made from."""

    path: tuple[str, ...]
    parameters: tuple[Any, ...]
    settings: type[Settings]
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.path)


def commands() -> list[Command]:
    """All commands, the groups' own included, in the order of the help page."""
    return [command for name in COMMANDS for command in _walk(load(name), (name,))]


def _walk(node: Any, path: tuple[str, ...]) -> Iterator[Command]:
    if hasattr(node, "commands"):
        for name, child in node.commands.items():
            yield from _walk(child, (*path, name))
    else:
        body = node.callback
        yield Command(path, tuple(node.params), body.settings, body.examples)
