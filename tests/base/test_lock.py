"""A lock that one process holds at a time, and that goes with it."""

import subprocess
import sys
from pathlib import Path

from mmavk_cli.base.lock import locked

HOLD = """
import sys
from pathlib import Path
from mmavk_cli.base.lock import locked
with locked(Path(sys.argv[1])) as holder:
    print(holder or "mine", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> "subprocess.Popen[str]":
    """A process that has the lock until its standard input is closed."""
    started = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "mine\n"
    return started


def test_who_has_it_is_told(tmp_path: Path):
    path = tmp_path / "deep" / "lock"
    with holder(path) as other, locked(path) as told:
        assert told.startswith(f"process {other.pid} on ")
        other.communicate()
    with locked(path) as told:
        assert told == ""


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path):
    path = tmp_path / "lock"
    with holder(path) as other:
        other.kill()
        other.wait()
        with locked(path) as told:
            assert told == ""


def test_it_is_free_after_the_block(tmp_path: Path):
    path = tmp_path / "lock"
    with locked(path) as told:
        assert told == ""
    other = holder(path)
    other.communicate()
    assert other.returncode == 0
