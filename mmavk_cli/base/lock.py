"""A lock that one process at a time holds, and that goes with it: nobody has to clear up after a crash."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmavk_cli.base.errors import DataError


@contextmanager
def locked(path: Path) -> Iterator[str]:
    """Yields an empty text where the lock `path` is ours inside the block, else who has it; it never waits.

    The system frees the lock of a process that ended, however it ended; the file, and `NAME.holder` beside it, stay and
    mean nothing by themselves.

    Raises:
        DataError: the file cannot be made.
    """
    from filelock import FileLock, Timeout

    lock, holder = FileLock(path, blocking=False), path.with_name(f"{path.name}.holder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        yield holder.read_text("utf-8").strip() if holder.exists() else "another process"
        return
    except OSError as error:
        raise DataError(f"cannot make the lock: {error.strerror}", str(path), "Choose another place") from error
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", "utf-8")
        yield ""
    finally:
        lock.release()
