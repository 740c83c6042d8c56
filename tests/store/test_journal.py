"""A store on a disk that several machines see."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from PIL import Image

from mmavk_cli.store.claims import FILE
from mmavk_cli.store.database import DATABASE
from mmavk_cli.store.journal_mode import ROLLBACK, WAL, journal_mode
from mmavk_cli.store.store import Store

MACHINE = """
import socket, sys
import psutil
from mmavk_cli.cli.main import main
from mmavk_cli.store import journal_mode as journal

journal.NETWORK = tuple(one.fstype for one in psutil.disk_partitions(all=True))
socket.gethostname = lambda name=sys.argv.pop(1): name
main()
"""
"""`mmavk` on a machine of another name, to which every disk is one of a network."""


class Mount(NamedTuple):
    """What psutil tells of one."""

    mountpoint: str
    fstype: str
    opts: str = "rw"


@pytest.mark.parametrize(
    ("mounts", "mode"),
    [
        ([], WAL),
        ([Mount("/", "ext4")], WAL),
        ([Mount("/", "ext4"), Mount("{}", "nfs4")], ROLLBACK),
        ([Mount("{}", "nfs4"), Mount("{}", "tmpfs")], WAL),
        ([Mount("/", "lustre"), Mount("{}/store", "xfs")], WAL),
        ([Mount("/", "ext4"), Mount("{}/sto", "nfs4")], WAL),
        ([Mount("/", "fuse.sshfs")], ROLLBACK),
        ([Mount("/", "fuseblk")], WAL),
        ([Mount("/", "NTFS", "rw,remote")], ROLLBACK),
    ],
)
def test_the_nearest_mount_decides(mounts: list[Mount], mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    there = [Mount(one.mountpoint.format(tmp_path), *one[1:]) for one in mounts]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: there)
    assert journal_mode(tmp_path / "store") == mode


def test_machines_that_see_one_disk_fill_one_store(tmp_path: Path):
    pictures, store = tmp_path / "pictures", tmp_path / "store"
    pictures.mkdir()
    for number in range(40):
        Image.new("RGB", (32, 32), (6 * number, 90, 200)).save(pictures / f"{number}.png")
    line = ["generate", "--images", pictures, "--generator", "echo", "--store", store, "--json", "--quiet"]
    machines = [
        subprocess.Popen([sys.executable, "-c", MACHINE, name, *map(str, line)], stdout=subprocess.PIPE, text=True)
        for name in ("one", "two", "three")
    ]
    said = [machine.communicate()[0] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0, 0]
    made = [int(out.partition('"made": ')[2].partition(",")[0]) for out in said]
    assert sum(made) == 40, said
    for name in (DATABASE, FILE):
        with closing(sqlite3.connect(store / name)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchall() == [(ROLLBACK,)]
    with Store(store, read_only=True) as opened:
        assert opened.verify() == []
        assert len(list(opened.rows())) >= 40
