"""Claims: several processes at work on one store, none on the same picture."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from mmavk_cli.base.errors import DataError
from mmavk_cli.store.claims import FILE, Claims

KEYS = [f"key {number}" for number in range(200)]

TAKER = """
import sys
from pathlib import Path
from mmavk_cli.store.claims import Claims

claims = Claims(Path(sys.argv[1]))
print(*claims.take(sys.argv[2].split(",")), sep=",", flush=True)
sys.stdin.read()
"""


def taker(folder: Path, keys: list[str]) -> "subprocess.Popen[str]":
    """Another process, which takes `keys` and then waits."""
    line = [sys.executable, "-c", TAKER, str(folder), ",".join(keys)]
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def taken(process: "subprocess.Popen[str]") -> set[str]:
    assert process.stdout is not None
    return set(process.stdout.readline().strip().split(",")) - {""}


def test_of_four_processes_each_key_goes_to_one(tmp_path: Path):
    processes = [taker(tmp_path, KEYS) for _ in range(4)]
    shares = [taken(process) for process in processes]
    for process in processes:
        process.communicate("")
    assert sorted(key for share in shares for key in share) == sorted(KEYS)


def test_what_a_killed_process_had_is_free_at_once(tmp_path: Path):
    other = taker(tmp_path, KEYS[:5])
    assert taken(other) == set(KEYS[:5])
    with Claims(tmp_path) as claims:
        assert claims.take(KEYS[:7]) == set(KEYS[5:7])
        other.kill()
        other.communicate()
        assert claims.take(KEYS[:7]) == set(KEYS[:7])


def test_what_another_machine_had_is_free_when_its_lease_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    far = Claims(tmp_path, lease_s=3600)
    assert far.take(KEYS[:2]) == set(KEYS[:2])
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    with Claims(tmp_path) as claims:
        assert claims.take(KEYS[:3]) == {KEYS[2]}
        monkeypatch.setattr(time, "time", lambda now=time.time: now() + 4000)
        assert claims.take(KEYS[:3]) == set(KEYS[:3])
    far.__exit__(None, None, None)


def test_a_process_that_lives_keeps_its_claims_whatever_the_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other = taker(tmp_path, KEYS[:2])
    assert taken(other) == set(KEYS[:2])
    with Claims(tmp_path) as claims, monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda now=time.time: now() + 4000)
        assert claims.take(KEYS[:3]) == {KEYS[2]}
        other.kill()
        other.communicate()
        assert claims.take(KEYS[:3]) == set(KEYS[:3])


@pytest.mark.skipif(sys.platform != "linux", reason="containers are Linux's")
def test_a_process_in_another_container_of_the_same_name_is_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    other = taker(tmp_path, KEYS[:2])
    assert taken(other) == set(KEYS[:2])
    monkeypatch.setattr(Path, "readlink", lambda _: Path("pid:[1]"))  # here numbers mean other processes
    monkeypatch.setattr("mmavk_cli.store.claims._born", lambda pid: "now" if pid == os.getpid() else "")
    with Claims(tmp_path) as claims:
        assert claims.take(KEYS[:3]) == {KEYS[2]}
    other.communicate("")


def test_a_number_given_to_another_process_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        patch.setattr("mmavk_cli.store.claims._born", lambda _: "long ago")
        patch.setattr(os, "getpid", lambda: 1)
        Claims(tmp_path).take(KEYS[:1])
    with Claims(tmp_path) as claims:
        assert claims.take(KEYS[:1]) == set(KEYS[:1])


def test_a_claim_is_renewed_while_its_process_lives(tmp_path: Path):
    def ends() -> float:
        with closing(sqlite3.connect(tmp_path / FILE)) as reader:
            return float(reader.execute("SELECT until FROM claims").fetchone()[0])

    with Claims(tmp_path, lease_s=2) as claims:
        claims.take(KEYS[:1])
        first, patience = ends(), time.monotonic() + 60
        while ends() == first and time.monotonic() < patience:
            time.sleep(0.05)
        assert ends() > first


def test_claims_are_given_back(tmp_path: Path):
    with Claims(tmp_path) as claims:
        claims.take(KEYS[:3])
        claims.give_back(KEYS[:1])
        other = taker(tmp_path, KEYS[:2])
        assert taken(other) == {KEYS[0]}
        other.communicate("")
    third = taker(tmp_path, KEYS[:3])
    assert taken(third) == set(KEYS[:3])
    third.communicate("")


def test_a_damaged_list_is_told_with_what_to_do(tmp_path: Path):
    (tmp_path / FILE).write_bytes(b"this is no database, " * 100)
    with pytest.raises(DataError, match="Remove this file"):
        Claims(tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(DataError, match="cannot be written"):
        Claims(tmp_path / "nowhere")


def test_one_that_begins_while_another_sets_the_file_up_waits(tmp_path: Path):
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE any (one)")
    later = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    later.start()
    with Claims(tmp_path) as claims:
        assert claims.take(KEYS[:1]) == set(KEYS[:1])
    later.join()
    other.close()
