"""All commands by their words: the module of each, and how it is loaded when it is called."""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.main import get_group

if TYPE_CHECKING:
    from mmavk_cli.base.settings import Settings

COMMANDS = {
    "tag": ("tag", "Find the names in posts: people, places, organisations, other."),
    "generate": ("generate", "Write knowledge about pictures into the store."),
    "score": ("score", "Measure how related posts and pictures are, and what a threshold would do."),
    "train": ("train", "Train a tagger on one or more data sets."),
    "eval": ("evaluate", "Score a model on a split of a data set."),
    "compare": ("compare", "Compare evaluated runs: which differences are significant."),
    "sweep": ("sweep", "Score a trained model at every threshold: the paper's Figure 4."),
    "reproduce": ("reproduce", "Reproduce a table or figure of the paper: our numbers next to the published ones."),
    "report": ("report", "Show runs on one page: scores, curves, and every post with its names highlighted."),
    "card": ("card", "Write the card of a run again: what it is, how it was made, its results."),
    "export": ("export", "Export a trained tagger to ONNX, to tag without torch."),
    "push": ("push", "Show what would be uploaded to the hub, and with --to-hub upload it."),
    "data": ("data", "Count, check, fetch and convert data sets."),
    "doctor": ("doctor", "Show devices, versions and weights, and what fits into memory."),
    "store": ("store", "List, show, verify, import, export and remove knowledge."),
    "help": ("help", "Read about a topic (formats, errors, settings), or a command's help page."),
    "config": ("config", "Show and change the settings file."),
}
"""In path order: the module of each command and its line on the first help page."""

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
"""Of every command, whether it is called by itself or as one of `mmavk`."""


def load(name: str) -> Any:
    """The command `name`, or the group of that name, ready to run. Its module is imported now, and no other's."""
    part = typer.Typer(rich_markup_mode=None)
    import_module(f"mmavk_cli.cli.{COMMANDS[name][0]}").add(part)
    return get_group(part).commands[name]


def settings_classes() -> "dict[str, type[Settings]]":
    """Words after `mmavk` (`data stats`) → the settings of that command, in the order of the help page."""
    return {words: node.callback.settings for name in COMMANDS for words, node in _walk(load(name), name)}


def _walk(node: Any, words: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(node, "commands"):
        yield words, node
        return
    for name, child in node.commands.items():
        yield from _walk(child, f"{words} {name}")
