"""What the tests of the formats share."""

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


@pytest.fixture(autouse=True)
def needs(request: pytest.FixtureRequest) -> None:
    """A test of a format whose package is not installed says so and skips."""
    name = getattr(getattr(request.node, "callspec", None), "params", {}).get("name")
    if package := {"spacy": "spacy", "hf": "pyarrow"}.get(name):
        pytest.importorskip(package)
