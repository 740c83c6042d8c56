"""A place where a user could stand: the examples, small cuts of the public data sets, a home of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
POSTS = 30
"""Posts of a split that the cut for training keeps."""

Shell = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def small_data(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the first posts of every split, for commands that would take hours on all of it."""
    folder = tmp_path_factory.mktemp("data")
    for source in shared_data.glob("twitter*/*.txt"):
        target = folder / source.parent.name / source.name
        target.parent.mkdir(exist_ok=True)
        posts = source.read_text("utf-8").split("IMGID:")[1 : POSTS + 1]
        target.write_text("".join(f"IMGID:{post}" for post in posts), "utf-8")
    return folder


@pytest.fixture
def shell(tmp_path: Path, request: pytest.FixtureRequest) -> Shell:
    """Runs a command line of the documents with bash, in a folder that has docs/examples/."""
    shutil.copytree(DOCS / "examples", tmp_path / "docs" / "examples")
    environment = os.environ | {
        "MMAVK_HOME": str(tmp_path / "home"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }

    def run(line: str) -> subprocess.CompletedProcess[str]:
        if "twitter201" in line:
            data = "small_data" if "mmavk train" in line else "shared_data"
            environment["MMAVK_DATA"] = str(request.getfixturevalue(data))
        return subprocess.run(
            ["bash", "-c", f"set -euo pipefail; {line}"],
            check=False, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip

    return run
