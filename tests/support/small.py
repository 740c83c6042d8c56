"""Command lines that train on the small data set, here or in a process that dies."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

POSTS = {"train": 60, "valid": 16}
BATCH = 8
UPDATES = 8
"""Of an epoch."""

Train = Callable[..., Result]


def where(place: Path) -> list[str]:
    """The options that name the data and the store."""
    return ["--data-dir", str(place / "data"), "--store", str(place / "store")]


def words(place: Path, out: Path, *more: object) -> list[str]:
    """A command line that trains with everything that takes a state: noise, dropout, averaging, warm-up."""
    # fmt: off
    usual = ["train", "--dataset", "twitter2017", "--encoder", place / "tiny", "--knowledge", "blip2", "--out", out,
             "--epochs", 3, "--batch-size", BATCH, "--encoder-lr", 0.003, "--head-lr", 0.01, "--averaging", 0.9,
             "--knowledge-dropout", 0.3, "--word-dropout", 0.1, *where(place)]
    # fmt: on
    return [str(word) for word in (*usual, *more)]


def child(script: str, line: list[str]) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, after the statements of `script`."""
    whole = f"{script}\nfrom mmavk_cli.cli.main import main\nmain()"
    return subprocess.run([sys.executable, "-c", whole, *line], check=False, capture_output=True, text=True)


def weights(run: Path) -> dict[str, bytes]:
    """The files of a run that hold weights."""
    return {path.name: path.read_bytes() for path in (run / "model").rglob("*.safetensors")}
