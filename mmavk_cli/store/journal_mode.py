"""How SQLite is to keep its transactions, by the kind of disk that a store lies on."""

from pathlib import Path

WAL, ROLLBACK = "wal", "delete"
"""A write-ahead log, or a journal that is rolled back; SQLite's own words."""

NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "lustre",
    "beegfs",
    "gpfs",
    "ceph",
    "fuse.",
    "9p",
    "virtiofs",
    "afs",
    "panfs",
    "wekafs",
)
"""How the names of file systems begin that several machines may see, or that may stand on one they see."""


def journal_mode(folder: Path) -> str:
    """`wal`, under which readers and a writer do not wait for each other; `delete` on a disk of a network.

    The processes of a write-ahead log share memory, so all must run on one machine (https://sqlite.org/wal.html). A
    journal needs the disk's file locks alone, and makes a writer wait until nobody reads.
    """
    import psutil

    resolved = folder.resolve()
    if str(resolved).startswith("\\\\"):  # Windows has no mount for it
        return ROLLBACK
    holding = [one for one in psutil.disk_partitions(all=True) if resolved.is_relative_to(one.mountpoint)]
    if not holding:
        return WAL
    nearest = max(reversed(holding), key=lambda one: len(one.mountpoint))  # of several at one place the last is seen
    return ROLLBACK if nearest.fstype.lower().startswith(NETWORK) or "remote" in nearest.opts else WAL
