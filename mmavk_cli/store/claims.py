"""Who is at work on which picture: several processes fill one store without doing a picture twice.

A claim ends when its row is in the store or when its process is gone. Whether a process lives can be seen on its own
machine alone, or in its own container; elsewhere a claim is a lease, which ends when its time is over. Claims stand in
a file of their own beside the store; losing it costs nothing but a picture done twice.
"""

import os
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from mmavk_cli.base.errors import DataError
from mmavk_cli.store.journal_mode import journal_mode

FILE = "claims.db"

LEASE_S = 120.0
"""Seconds a claim lives without being renewed; it is renewed four times in that span. Long enough for a machine that
stutters, short enough to wait for one that died."""

WAIT_S = 30.0
"""Seconds to wait while another process writes."""

_TABLE = "CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, host TEXT, pid INTEGER, born TEXT, until REAL)"


class Claims:
    """The claims of this process in a store's folder; a context manager that gives them all back.

    Args:
        folder: the store's.
        lease_s: seconds a claim lives without being renewed; a thread renews it.

    Raises:
        DataError: the folder cannot be written.
    """

    def __init__(self, folder: Path, lease_s: float = LEASE_S) -> None:
        self._path, self._lease_s = folder / FILE, lease_s
        self._me = (_place(), os.getpid(), _born(os.getpid()))
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self._ended = threading.Event()
        try:
            self._connection = sqlite3.connect(
                self._path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
            )
            _patiently(self._connection, f"PRAGMA journal_mode = {journal_mode(folder)}")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            _patiently(self._connection, _TABLE)
        except sqlite3.Error as error:
            raise _fault(error, self._path) from error
        self._renewer = threading.Thread(target=self._renew, daemon=True)
        self._renewer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._renewer.join()
        with suppress(DataError):  # claims that cannot be given back end by themselves
            self.give_back(tuple(self._held))
        self._connection.close()

    def take(self, keys: Sequence[str]) -> set[str]:
        """Claim what nobody else is at work on: those of `keys` that are ours now.

        Raises:
            DataError: the file cannot be written.
        """
        with self._writing() as connection:
            now = time.time()
            for key in keys:
                found = connection.execute("SELECT host, pid, born, until FROM claims WHERE key = ?", [key]).fetchone()
                if found is None or self._free(found, now):
                    row = (key, *self._me, now + self._lease_s)
                    connection.execute("INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?)", row)
                    self._held.add(key)
            return self._held & set(keys)

    def give_back(self, keys: Sequence[str]) -> None:
        """Give up claims of ours.

        Raises:
            DataError: the file cannot be written.
        """
        with self._writing() as connection:
            place, pid, _ = self._me
            connection.executemany(
                "DELETE FROM claims WHERE key = ? AND host = ? AND pid = ?", [(key, place, pid) for key in keys]
            )
            self._held -= set(keys)

    def _free(self, claim: tuple[str, int, str, float], now: float) -> bool:
        place, pid, born, until = claim
        if (place, pid, born) == self._me:
            return True
        if place == self._me[0] and born:  # no clock: it is set, and stands still while a machine sleeps
            return _born(pid) != born
        return until < now

    def _renew(self) -> None:
        while not self._ended.wait(self._lease_s / 4):
            with suppress(DataError), self._writing() as connection:
                connection.execute(
                    "UPDATE claims SET until = ? WHERE host = ? AND pid = ?",
                    [time.time() + self._lease_s, *self._me[:2]],
                )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One writer at a time, in this process and among all."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise _fault(error, self._path) from error


def _patiently(connection: sqlite3.Connection, statement: str) -> None:
    """SQLite does not wait for others where the file's mode is changed, as the first of several processes does."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            busy = str(error.sqlite_errorname).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _place() -> str:
    """Where a process number means one process: the machine since its start, and the container in it. A name alone says
    neither: machines are made of one image, and containers take their host's name.
    """
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip())
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


def _born(pid: int) -> str:
    """When a process on this machine began; empty where there is none. A number that was given again to another process
    then does not keep a dead one's claims.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        import psutil
    try:
        return "" if psutil.LINUX else str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""


def _fault(error: sqlite3.Error, path: Path) -> DataError:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DataError("the store is in use by another process", str(path), "Wait until it ends, or give --store")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return DataError(f"the store's disk fails: {error}", str(path), "Make room, or give another with --store")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return DataError(f"the store's folder cannot be written: {error}", str(path), "Give another with --store")
    return DataError(
        f"the list of claims is damaged: {error}", str(path), "Remove this file; it is not part of the store"
    )
