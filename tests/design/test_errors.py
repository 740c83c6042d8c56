"""Every error class stands in docs/errors.md with its exit code, and a command line that ends in it is run here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from workplace import Shell

from mmavk_cli.base.errors import MmavkError

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d+) \| (?:`(\w+)`)? \|", re.MULTILINE)

REAL = {
    "UsageError": "mmavk data stats twitter2017 --config nowhere.toml",
    "DataError": "mmavk data stats nowhere",
    "KnowledgeError": "mmavk eval embedded --dataset twitter2017 --knowledge nowhere",
    "MissingError": "mmavk eval nowhere --dataset twitter2017",
}
"""Error class → a command line that a user could have typed."""

RAISED = ("MmavkError", "MemoryShortError")
"""Classes that nobody can provoke at will, a fault of ours and a full memory: a command is made to raise them."""

CHANGED_COMMAND = """
from mmavk_cli.base import errors
from mmavk_cli.cli import data
from mmavk_cli.cli.main import main

def fail(settings):
    {statement}

data.data_stats = fail
main()
"""


def classes() -> dict[str, type[MmavkError]]:
    """All error classes; none is made outside base/errors.py."""
    found = {"MmavkError": MmavkError}
    for path in (ROOT / "mmavk_cli").rglob("*.py"):
        for name in re.findall(r"^class (\w+)\(\w*Error\)", path.read_text("utf-8"), re.MULTILINE):
            assert path.name == "errors.py", f"{name} stands in {path}"
    for kind in MmavkError.__subclasses__():
        found[kind.__name__] = kind
        assert not kind.__subclasses__()
    return found


def documented() -> dict[str, int]:
    """Class → exit code in the table of docs/errors.md; codes without a class are left out."""
    return {name: int(code) for code, name in ROW.findall((ROOT / "docs" / "errors.md").read_text("utf-8")) if name}


def fail(statement: str) -> subprocess.CompletedProcess[str]:
    """The real command line, with a command that does what `statement` says in place of its work."""
    line = [sys.executable, "-c", CHANGED_COMMAND.format(statement=statement), "data", "stats", "any"]
    return subprocess.run(line, check=False, capture_output=True, text=True)


def test_every_class_has_its_row_and_its_provocation():
    codes = {name: kind.code for name, kind in classes().items()}
    assert documented() == codes
    assert len(set(codes.values())) == len(codes)
    assert codes.keys() == {*REAL, *RAISED}


@pytest.mark.parametrize(("name", "line"), REAL.items(), ids=REAL)
def test_command_line_ends_with_the_documented_code_and_one_clear_line(name: str, line: str, shell: Shell):
    done = shell(line)
    assert done.returncode == documented()[name], done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("mmavk: ")
    assert "nowhere" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", RAISED)
def test_what_cannot_be_provoked_ends_with_the_documented_code(name: str):
    done = fail(f'raise errors.{name}("it is full", "here", "Empty it")')
    assert (done.returncode, done.stderr) == (documented()[name], "mmavk: here: it is full. Empty it\n")


def test_any_other_exception_is_our_fault_without_a_traceback():
    done = fail("raise ZeroDivisionError('a slip')")
    assert done.returncode == documented()["MmavkError"]
    assert done.stderr.startswith("mmavk: internal error, ZeroDivisionError: a slip.")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("line", ["mmavk config show --json", "mmavk tag --text Paris"])
def test_a_disk_that_is_full_is_not_our_fault(line: str, shell: Shell):
    done = shell(f"{line} > /dev/full")
    assert done.returncode == documented()["DataError"], done.stderr
    assert done.stderr.startswith("mmavk: a disk is full")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("raise MemoryError", "MemoryError"),
        ("raise RuntimeError('CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has')", "CUDA out of memory"),
    ],
)
def test_memory_that_runs_out_anywhere_is_no_fault_of_ours(statement: str, said: str):
    done = fail(statement)
    assert done.returncode == documented()["MemoryShortError"]
    assert done.stderr.startswith(f"mmavk: memory ran out: {said}. Take a smaller")


def test_ctrl_c_ends_with_130():
    done = fail("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_traceback_comes_when_asked_for(shell: Shell):
    done = shell("mmavk data stats nowhere --traceback")
    assert "Traceback" in done.stderr
    assert "DataError" in done.stderr


def test_unknown_option_is_a_usage_error(shell: Shell):
    assert shell("mmavk --nosuch").returncode == documented()["UsageError"]


def test_a_reader_that_goes_away_is_no_fault(shell: Shell):
    done = shell("mmavk data stats twitter2017 --format json | true")
    assert (done.returncode, done.stderr) == (0, "")
