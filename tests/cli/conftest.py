"""A settings file of its own for a test."""

from pathlib import Path

import pytest


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the settings file, which is not there yet."""
    path = tmp_path / "settings.toml"
    monkeypatch.setenv("MMAVK_CONFIG", str(path))
    return path
