"""What all tests share."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mmavk_cli.cli.main import main

Ran = tuple[int, str, str]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public data sets beside the checkout. CI has them, so that a test that needs them fails there without."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        reason = f"the public data sets are not at {folder}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's home, data, store or settings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMAVK_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("MMAVK_CONFIG", str(tmp_path_factory.mktemp("config") / "config.toml"))
        patch.delenv("MMAVK_DATA", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_reaches_children() -> None:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and what they start would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
