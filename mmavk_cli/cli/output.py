"""Data for programs on stdout."""

import json
import sys
from io import TextIOWrapper
from typing import Any

import typer


def data_to_stdout() -> None:
    """Make stdout take data: UTF-8 whatever the locale, and bytes of a file's name that are no text as escapes."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def print_json(value: Any) -> None:
    """Print one JSON value, as `--format json` of every reporting command does."""
    data_to_stdout()
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
