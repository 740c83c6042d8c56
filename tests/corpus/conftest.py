"""What the tests of the corpus and of `mmavk data` share."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmavk_cli.cli.main import main

Ran = tuple[int, str, str]


@pytest.fixture
def mmavk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """The real entry point, in this process: exit code, stdout, stderr."""

    def ran(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["mmavk", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return ran


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
