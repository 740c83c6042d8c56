"""Generated pictures and JSON Lines; five posts, and `mmavk` with a home of its own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from ran import Mmavk

TEXTS = ("a red house by the sea", "Ann visits Rome", "dogs 🐕 on a sofa", "what a night", "nothing to see here")


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


@pytest.fixture
def mmavk(mmavk: Mmavk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mmavk:
    """The real entry point, with a home that no other test has."""
    monkeypatch.setenv("MMAVK_HOME", str(tmp_path / "home"))
    return mmavk


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """Five posts with a picture each, in JSON Lines."""
    rows = []
    for number, text in enumerate(TEXTS):
        draw(tmp_path / f"{number}.jpg", number, (50 + 7 * number, 40))
        rows.append({"id": number, "text": text, "image": f"{number}.jpg"})
    return written(tmp_path / "posts.jsonl", rows)
