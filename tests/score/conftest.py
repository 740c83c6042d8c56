"""What the tests of `mmavk score` and `mmavk sweep` share."""

import sys
from pathlib import Path

import pytest
from drawn import TEXTS, Mmavk, Ran, draw, written

from mmavk_cli.cli.main import main


@pytest.fixture
def mmavk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mmavk:
    """`mmavk …` through the real entry point, in this process, with a home of its own."""
    monkeypatch.setenv("MMAVK_HOME", str(tmp_path / "home"))

    def ran(*arguments: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["mmavk", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ran(int(ended.value.code or 0), *capsys.readouterr())

    return ran


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """Five posts with a picture each, in JSON Lines."""
    rows = []
    for number, text in enumerate(TEXTS):
        draw(tmp_path / f"{number}.jpg", number, (50 + 7 * number, 40))
        rows.append({"id": number, "text": text, "image": f"{number}.jpg"})
    return written(tmp_path / "posts.jsonl", rows)
