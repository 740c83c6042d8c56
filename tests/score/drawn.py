"""Generated pictures, JSON Lines, and how a command line ended."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

TEXTS = ("a red house by the sea", "Ann visits Rome", "dogs 🐕 on a sofa", "what a night", "nothing to see here")


class Ran(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


Mmavk = Callable[..., Ran]


def draw(path: Path, number: int, size: tuple[int, int] = (60, 40)) -> Path:
    """A picture that no other number has."""
    random = np.random.default_rng(number)
    low = Image.fromarray(random.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    low.resize(size, Image.Resampling.BICUBIC).save(path, quality=90)
    return path


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
