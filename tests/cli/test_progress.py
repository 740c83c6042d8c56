"""Progress where no bar can be drawn."""

import pytest

from mmavk_cli.cli import progress as module
from mmavk_cli.cli.progress import progress


@pytest.mark.parametrize("terminal", ["none", "dumb"])
def test_a_line_comes_now_and_then(terminal: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    if terminal == "dumb":
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
    times = iter([0.0, 9.9, 10.0, 10.0, 19.9, 20.0, 20.0])
    monkeypatch.setattr(module, "monotonic", lambda: next(times))
    with progress("posts", quiet=False) as moved:
        for done in (1, 2000, 3000):
            moved(done, 5000)
        moved(4000, None)
    assert capsys.readouterr() == ("", "posts: 2,000 of 5,000\nposts: 4,000\n")


def test_quiet_says_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(module, "EVERY", 0.0)
    with progress("posts", quiet=True) as moved:
        moved(1, None)
    assert capsys.readouterr() == ("", "")
