"""Data for programs on stdout."""

import json
from typing import Any

import typer


def print_json(value: Any) -> None:
    """Print one JSON value, as `--format json` of every reporting command does."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
