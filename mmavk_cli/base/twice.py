"""Lines that are read more than once, also where they come through a pipe."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mmavk_cli.base.errors import DataError


@contextmanager
def seekable(source: Path | Iterable[bytes]) -> Iterator[BinaryIO]:
    """A binary handle at the beginning of a file, or of lines; what can be read only once is put into a nameless
    temporary file first.

    Raises:
        DataError: the file cannot be read.
    """
    if not isinstance(source, Path):
        with tempfile.TemporaryFile() as kept:
            kept.writelines(source)
            kept.seek(0)
            yield kept
        return
    try:
        with source.open("rb") as handle:
            if handle.seekable():
                yield handle
                return
            with tempfile.TemporaryFile() as kept:
                shutil.copyfileobj(handle, kept)
                kept.seek(0)
                yield kept
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(source), "Check the path") from error
