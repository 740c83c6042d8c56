"""Writing files so that a reader never sees half of one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mmavk_cli.base.errors import DataError


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[str]]:
    """A text file (UTF-8, line feeds) that appears under its name only when the block ends well.

    Raises:
        DataError: the folder cannot be written.
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
        DataError: the folder cannot be written.
    """
    with _atomic(path) as descriptor, os.fdopen(descriptor, "wb") as handle:
        yield handle


@contextmanager
def _atomic(path: Path) -> Iterator[int]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise DataError(f"cannot write: {error.strerror}", str(path), "Choose another place") from error
    try:
        yield descriptor
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


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
    if path.exists():
        raise DataError("the folder already exists", str(path), "Choose another name or remove it")
    unfinished = unfinished_folder(path)
    try:
        if unfinished.exists() and not keep:
            shutil.rmtree(unfinished)
        unfinished.mkdir(parents=True, exist_ok=keep)
    except OSError as error:
        raise DataError(f"cannot make the folder: {error.strerror}", str(path), "Choose another place") from error
    yield unfinished
    unfinished.replace(path)
