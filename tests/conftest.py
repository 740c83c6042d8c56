"""What all tests share."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


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
    """No test reads or writes the user's home, data or store."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMAVK_HOME", str(tmp_path_factory.mktemp("home")))
        patch.delenv("MMAVK_DATA", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_reaches_children() -> None:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and what they start would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
