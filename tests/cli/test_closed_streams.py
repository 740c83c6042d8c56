"""Standard streams that are closed before the program starts, as `2>&-`, `>&-` and `<&-` do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TAG = ("tag", "--text", "Ann Lee visits Rome", "--format", "jsonl")


def ran(closed: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """`mmavk …` under a shell that closes streams first; what is left open is caught."""
    line = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "mmavk_cli", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False, env=os.environ)


def test_without_stderr_posts_are_tagged():
    done = ran("2>&-", *TAG)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["text"] == "Ann Lee visits Rome"


def test_without_stderr_a_fault_is_still_an_exit_code():
    assert ran("2>&-", "tag", "no such file.jsonl").returncode == 3


def test_nothing_is_written_into_files_in_place_of_stderr(tmp_path: Path):
    """A file that is opened would get the number of the closed stream."""
    done = ran("2>&- <&-", "generate", "--images", "docs/examples/folder", "--generator", "echo", "--store", tmp_path)
    assert done.returncode == 0
    assert ran("", "store", "verify", "--store", tmp_path).returncode == 0


@pytest.mark.parametrize("arguments", [TAG, ("store", "ls"), ("--version",), ("help",), ("doctor", "--json")])
def test_without_stdout_what_prints_is_a_usage_error(arguments: tuple[str, ...]):
    done = ran(">&-", *arguments)
    assert done.returncode == 2
    assert "standard output is closed" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_stdout_what_prints_nothing_works(tmp_path: Path):
    done = ran(">&-", "generate", "--images", "docs/examples/folder", "--generator", "echo", "--store", tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [("tag", "-"), ("data", "convert", "-", "out.jsonl", "--from", "jsonl")])
def test_without_stdin_what_reads_it_is_a_usage_error(arguments: tuple[str, ...]):
    done = ran("<&-", *arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_without_stdin_what_does_not_read_it_works():
    assert ran("<&-", *TAG).returncode == 0


def test_without_any_the_exit_code_is_right(tmp_path: Path):
    out = tmp_path / "run"
    done = ran("<&- >&- 2>&-", "tag", "--text", "Ann in Rome", "--out", out)
    assert done.returncode == 0
    assert (out / "predictions.jsonl").is_file()
