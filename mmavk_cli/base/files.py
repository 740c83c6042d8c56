"""Writing files so that a reader never sees half of one."""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mmavk_cli.base.errors import DataError


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[str]]:
    """A text file (UTF-8, line feeds) that appears under its name only when the block ends well.

    A file that is there is replaced and keeps its mode; a device or a FIFO is written into.

    Raises:
        DataError: the folder cannot be written, or no file can be there (see `checked_place`).
    """
    with (
        _atomic(path) as descriptor,
        os.fdopen(descriptor, "w", encoding="utf-8", newline="\n", errors="surrogatepass") as handle,
    ):
        yield handle


@contextmanager
def atomic_binary(path: Path) -> Iterator[IO[bytes]]:
    """The same for bytes.

    Raises:
        DataError: the folder cannot be written, or no file can be there.
    """
    with _atomic(path) as descriptor, os.fdopen(descriptor, "wb") as handle:
        yield handle


@contextmanager
def _atomic(path: Path) -> Iterator[int]:
    try:
        before = checked_place(path)
        if before is not None and not stat.S_ISREG(before):
            descriptor, unfinished = os.open(path, os.O_WRONLY), None
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, unfinished = _beside(path, before)
    except OSError as error:
        raise DataError(f"cannot write: {error.strerror}", str(path), "Choose another place") from error
    if unfinished is None:
        yield descriptor
        return
    try:
        yield descriptor
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def checked_place(path: Path) -> int | None:
    """The mode of what is at `path`, None where nothing is. A device of characters or a FIFO is written into as it
    stands, a file is replaced.

    Raises:
        DataError: it is a folder, a socket, a disk, or a link to a file, whose target nobody named.
        OSError: it cannot be looked at.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
        return mode
    if path.is_symlink():
        raise DataError(f"this is a link to {path.readlink()}", str(path), "Name the file itself, or another place")
    if mode is None or stat.S_ISREG(mode):
        return mode
    if stat.S_ISDIR(mode):
        raise DataError("this is a folder", str(path), "Name a file in it")
    raise DataError("this is a socket or a disk, no file", str(path), "Choose another place")


def _beside(path: Path, before: int | None) -> tuple[int, Path]:
    """A new file beside `path`: with the mode of the file it will replace, else with what the umask leaves."""
    unfinished = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    kept = 0o666 if before is None else stat.S_IMODE(before)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, kept & 0o666)
    if before is not None:
        unfinished.chmod(kept)
    return descriptor, unfinished


def unfinished_folder(path: Path) -> Path:
    """Where a folder is filled before it gets its name `path`."""
    return path.parent / f".{path.name}.unfinished"


@contextmanager
def atomic_folder(path: Path, keep: bool = False) -> Iterator[Path]:
    """A folder that is filled under a temporary name (`.NAME.unfinished`) and moved when the block ends well.

    With `keep` what an earlier attempt left there stays.

    Raises:
        DataError: the folder already exists, or cannot be made.
    """
    if path.exists() or path.is_symlink():
        what = "the folder already exists" if path.is_dir() else "there is something else of this name"
        raise DataError(what, str(path), "Choose another name or remove it")
    unfinished = unfinished_folder(path)
    try:
        if unfinished.exists() and not keep:
            shutil.rmtree(unfinished)
        unfinished.mkdir(parents=True, exist_ok=keep)
    except OSError as error:
        raise DataError(f"cannot make the folder: {error.strerror}", str(path), "Choose another place") from error
    yield unfinished
    unfinished.replace(path)
