"""Cores that may be used, read from file trees like those of Linux; the binding of this very process is real."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmavk_cli.base.cores import SLURM, cores

MANY = 10_000
"""More cores than any machine of the tests has."""


@pytest.fixture(autouse=True)
def many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are what is tested, so the machine has none."""
    monkeypatch.delenv(SLURM, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(MANY), raising=False)


def tree(folder: Path, own: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A tree of cgroups with these files, and the file that names those of this process."""
    groups = folder / "cgroup"
    for name, content in files.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(content)
    (folder / "own").write_text(own)
    return groups, folder / "own"


@pytest.mark.parametrize(("quota", "whole"), [("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1)])
def test_a_quota_of_a_container(quota: str, whole: int, tmp_path: Path):
    assert cores(*tree(tmp_path, "0::/\n", {"cpu.max": quota})) == whole


def test_the_least_quota_of_all_groups_above_counts(tmp_path: Path):
    own = "0::/user.slice/job/step\n"
    files = {"cpu.max": "900000 100000", "user.slice/cpu.max": "300000 100000", "user.slice/job/cpu.max": "max 100000"}
    assert cores(*tree(tmp_path, own, files)) == 3


def test_a_group_that_the_container_does_not_see(tmp_path: Path):
    assert cores(*tree(tmp_path, "0::/docker/0123\n", {"cpu.max": "500000 100000"})) == 5


@pytest.mark.parametrize("folder", ["cpu,cpuacct", "cpu"])
def test_quotas_of_the_first_version(folder: str, tmp_path: Path):
    own = "5:memory:/x\n4:cpu,cpuacct:/docker/1\n1:name=systemd:/x\n"
    job = f"{folder}/docker/1"
    files = {f"{job}/cpu.cfs_quota_us": "250000", f"{job}/cpu.cfs_period_us": "100000"}
    assert cores(*tree(tmp_path, own, files)) == 3


@pytest.mark.parametrize(
    ("own", "files"),
    [
        ("0::/\n", {}),
        ("0::/\n", {"cpu.max": "max 100000"}),
        ("0::/\n", {"cpu.max": "1 0"}),
        ("0::/\n", {"cpu.max": "soon"}),
        ("4:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}),
        ("", {}),
        ("rubbish\n::\n", {}),
    ],
)
def test_no_quota_is_no_limit(own: str, files: dict[str, str], tmp_path: Path):
    assert cores(*tree(tmp_path, own, files)) == MANY


def test_a_system_without_cgroups(tmp_path: Path):
    assert cores(tmp_path / "none", tmp_path / "none either") == MANY


@pytest.mark.parametrize(("asked", "whole"), [("3", 3), ("0", 1), ("many", MANY), ("", MANY)])
def test_what_a_slurm_job_asked_for(asked: str, whole: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(SLURM, asked)
    assert cores(*tree(tmp_path, "0::/\n", {})) == whole


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux binds processes")
def test_a_process_that_is_bound_to_one_core_starts_one_thread():
    told = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    told += "from mmavk_cli.base.cores import cores; print(cores())"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert int(done.stdout) == 1
