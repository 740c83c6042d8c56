"""A small data set."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def make_set(tmp_path: Path) -> Callable[..., Path]:
    """A data set `tiny` under `tmp_path`, a file a split."""

    def made(**splits: str | bytes) -> Path:
        folder = tmp_path / "tiny"
        folder.mkdir(exist_ok=True)
        for split, content in splits.items():
            raw = content if isinstance(content, bytes) else content.encode()
            (folder / f"{split}.txt").write_bytes(raw)
        return folder

    return made
