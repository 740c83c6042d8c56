"""A place where a user could stand: the examples, the public data sets, a home, and what an example builds on."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
POSTS = 8
"""Posts of a split that are kept for commands that train or score."""

Shell = Callable[[str], subprocess.CompletedProcess[str]]


def call(line: str, place: Path, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command line with bash in the folder `place`, whose `home/` is mmavk's home."""
    environment = os.environ | {
        "MMAVK_HOME": str(place / "home"),
        "MMAVK_CONFIG": str(place / "config.toml"),
        "COLUMNS": "100",
        "OMP_NUM_THREADS": "1",  # torch's threads wait by spinning, which on a busy machine takes minutes
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    if data is not None:
        environment["MMAVK_DATA"] = str(data)
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; {line}"],
        check=False, cwd=place, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture(scope="session")
def small_data(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the first posts of every split: all of them would take an hour to train on."""
    folder = tmp_path_factory.mktemp("data")
    for source in shared_data.glob("twitter*/*.txt"):
        target = folder / source.parent.name / source.name
        target.parent.mkdir(exist_ok=True)
        posts = source.read_text("utf-8").split("IMGID:")[1 : POSTS + 1]
        target.write_text("".join(f"IMGID:{post}" for post in posts), "utf-8")
    return folder


@pytest.fixture(scope="session")
def captions(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place whose store holds the BLIP-2 captions of both data sets."""
    place = tmp_path_factory.mktemp("captions")
    for name in ("twitter2015", "twitter2017"):
        file = shared_data / "knowledge" / "blip2" / f"{name}.txt"
        done = call(f"mmavk store import --dataset {name} {file}", place, shared_data)
        assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="session")
def trained(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with a trained tagger, good for nothing, in runs/text."""
    place = tmp_path_factory.mktemp("trained")
    done = call("mmavk train --dataset twitter2017 --epochs 1 --out runs/text", place, small_data)
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="session")
def evaluated(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with three evaluated runs: runs/own, runs/blank and runs/none."""
    place = tmp_path_factory.mktemp("evaluated")
    for name in ("own", "blank", "none"):
        done = call(f"mmavk eval embedded --dataset twitter2017 --out runs/{name}", place, small_data)
        assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="session")
def clip(tiny_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with a CLIP, good for nothing, in models/clip."""
    place = tmp_path_factory.mktemp("clip")
    shutil.copytree(tiny_clip, place / "models" / "clip")
    return place


NEEDS = {
    "clip": r"--clip models/clip",
    "captions": r"--knowledge blip2|--recipe embedded",
    "trained": r"^(?!mmavk train).*runs/text",
    "evaluated": r"^mmavk (?:compare|report)",
}
"""Fixture → the command lines that build on what it has made."""


@pytest.fixture
def shell(tmp_path: Path, request: pytest.FixtureRequest) -> Shell:
    """Runs a command line of the documents in a folder that has docs/examples/ and what the line builds on."""
    shutil.copytree(DOCS / "examples", tmp_path / "docs" / "examples")

    def run(line: str) -> subprocess.CompletedProcess[str]:
        for fixture, pattern in NEEDS.items():
            if re.search(pattern, line):
                shutil.copytree(request.getfixturevalue(fixture), tmp_path, dirs_exist_ok=True)
        if "twitter201" in line or "--recipe" in line:
            data = (
                "small_data"
                if line.startswith(("mmavk train", "mmavk eval", "mmavk reproduce", "parallel"))
                else "shared_data"
            )
            return call(line, tmp_path, request.getfixturevalue(data))
        return call(line, tmp_path)

    return run
