"""The SQLite file under the store: written through diskcache, read by a connection that can only read.

Reading past diskcache is cheap (diskcache writes its settings each time it is opened), works where the folder cannot
be written, and unpickles nothing.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.store.journal_mode import journal_mode

DATABASE = "cache.db"
"""diskcache's name for its SQLite file."""

VERIFY = "Run: mmavk store verify"

PAGES = 1024
"""Pages of 4 kB of the file that SQLite keeps in memory, so that it stays flat however large the store grows."""

_RAW = 1
"""diskcache's mode of a value that stands in the table as it is."""

_NOT_PLAIN = "the row is not plain text in the database (pickled, or in a file); it is refused"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table as it is; `fault` says why it must not be used."""

    key: str
    value: str
    tag: str
    fault: str = ""


class Database:
    """Keys, values and tags, all plain text, in `folder`. For one thread; processes may share the folder.

    Args:
        folder: where the file is; made when it is missing, unless `read_only`.
        read_only: only read; a folder that is missing reads as empty.
        timeout_s: seconds to wait while another process writes.

    Raises:
        DataError: the folder cannot be written, or the file is damaged.
    """

    def __init__(self, folder: Path, read_only: bool, timeout_s: float) -> None:
        # diskcache expands ~ and $NAME in its folder; so does this, lest the two look in different places
        self.folder = Path(os.path.expandvars(folder.expanduser())).absolute()
        self._timeout_s = timeout_s
        self._connection: sqlite3.Connection | None = None
        self._cache: Any = None if read_only else self._opened()

    def close(self) -> None:
        """Close the file; the database is not used after."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._cache is not None:
            self._cache.close()

    def get(self, key: str) -> str | None:
        """The value of a key.

        Raises:
            DataError: it is not plain text.
        """
        for raw, mode, value in self._select("SELECT raw, mode, value FROM Cache WHERE key = ?", [key]):
            if raw != 1 or mode != _RAW or not isinstance(value, str):
                raise DataError(_NOT_PLAIN, key, VERIFY)
            return value
        return None

    def lines(self, tag: str | None = None) -> Iterator[Line]:
        """All rows, or those of a tag, in the order they were written."""
        where, values = ("", []) if tag is None else (" WHERE tag = ?", [tag])
        columns = "key, raw, mode, filename, value, tag, expire_time"
        for row in self._select(f"SELECT {columns} FROM Cache{where} ORDER BY rowid", values):  # noqa: S608
            yield _line(row)

    def keys(self, prefix: str, tag: str | None = None) -> Iterator[str]:
        """The keys that begin with `prefix`, of one tag where it is given, in order."""
        above = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        query = "SELECT key FROM Cache WHERE key >= ? AND key < ? AND (? IS NULL OR tag = ?) ORDER BY key"
        return (str(key) for (key,) in self._select(query, [prefix, above, tag, tag]))

    def count(self) -> int:
        """How many rows there are."""
        return sum(int(number) for (number,) in self._select("SELECT COUNT(*) FROM Cache"))

    def damage(self) -> list[str]:
        """What SQLite itself finds wrong with the file."""
        return [str(line) for (line,) in self._select("PRAGMA integrity_check") if line != "ok"]

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """The diskcache, for `set(key, value, tag=)`, `evict(tag)` and `transact()`.

        Raises:
            UsageError: opened for reading. DataError: the folder cannot be written, or another process is writing.
        """
        if self._cache is None:
            raise UsageError("the store was opened for reading only", str(self.folder))
        from diskcache import Timeout

        with self._guarded():
            try:
                yield self._cache
            except Timeout:
                raise _in_use(self.folder) from None

    def _opened(self) -> Any:
        from diskcache import Cache

        from mmavk_cli.store.text_disk import TextDisk

        with self._guarded():
            # no eviction and no culling: what was paid for stays, whatever the size
            settings = {"eviction_policy": "none", "cull_limit": 0, "tag_index": 1, "sqlite_cache_size": PAGES}
            settings |= {"sqlite_journal_mode": journal_mode(self.folder)}
            _wait_for_turn(self.folder / DATABASE, self._timeout_s)
            return Cache(str(self.folder), timeout=self._timeout_s, disk=TextDisk, **settings)

    def _select(self, query: str, values: Sequence[str | None] = ()) -> Iterator[tuple[Any, ...]]:
        if not (self.folder / DATABASE).exists():
            return
        with self._guarded():
            if self._connection is None:
                self._connection = _reader(self.folder / DATABASE, self._timeout_s)
            if self._connection is None:
                return
            for row in self._connection.execute(query, values):  # noqa: UP028  (`yield from` would close the cursor
                yield row  # of a store that is closed already, when a reader stops half-way)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _explained(error, self.folder) from error
        except OSError as error:
            raise _unwritable(self.folder, os.strerror(error.errno or 0)) from error


def _line(row: Sequence[Any]) -> Line:
    key, raw, mode, filename, value, tag, expires = row
    if raw != 1 or not isinstance(key, str):
        return Line(repr(key)[:80], "", "", "the key is not plain text (pickled); it is refused")
    if mode != _RAW or filename is not None or not isinstance(value, str):
        return Line(key, "", "", _NOT_PLAIN)
    return Line(key, value, str(tag), "" if expires is None else "it has a time to expire")


def _wait_for_turn(path: Path, timeout_s: float) -> None:
    """Wait until no other process writes: diskcache itself would try for a minute, whatever it is told."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=timeout_s, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")


def _reader(path: Path, timeout_s: float) -> sqlite3.Connection | None:
    """None where the table is not there yet: another process is making the store, and nothing is in it."""
    uri = f"{path.as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=timeout_s, isolation_level=None)
    try:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'Cache'").fetchone() is None:
            connection.close()
            return None
    except sqlite3.OperationalError:
        connection.close()
        if os.access(path.parent, os.W_OK) or Path(f"{path}-wal").exists():
            raise
        # SQLite makes a side file even to read; where it cannot, nobody else writes either
        connection = sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
    return connection


def _in_use(folder: Path) -> DataError:
    return DataError("the store is in use by another process", str(folder), "Wait until it ends, or give --store")


def _unwritable(folder: Path, reason: str) -> DataError:
    what = f"the store's folder cannot be made or written: {reason}"
    return DataError(what, str(folder), "Give another with --store or MMAVK_HOME")


def _explained(error: sqlite3.DatabaseError, folder: Path) -> DataError:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _in_use(folder)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return _unwritable(folder, str(error))
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return DataError(f"the store's disk fails: {error}", str(folder), "Make room, or give another with --store")
    advice = "Move it away and import an export of it, or make the knowledge again"
    return DataError(f"the store's database is damaged: {error}", str(folder / DATABASE), advice)
