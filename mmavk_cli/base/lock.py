"""A lock that one process at a time holds, and that goes with it: nobody has to clear up after a crash."""

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmavk_cli.base.errors import DataError


@contextmanager
def locked(path: Path) -> Iterator[str]:
    """Yields an empty text where the lock `path` is ours inside the block, else who has it; it never waits.

    The system frees the lock of a process that ended, however it ended; the file stays and means nothing by itself.

    Raises:
        DataError: the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot make the lock: {error.strerror}", str(path), "Choose another place") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            yield handle.read().strip() or "another process"
            return
        handle.truncate(0)
        handle.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        handle.flush()
        try:
            yield ""
        finally:
            handle.truncate(0)
