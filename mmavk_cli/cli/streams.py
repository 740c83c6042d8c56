"""Standard streams that are closed, as a daemon's or `>&-` leaves them."""

import io
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from mmavk_cli.base.errors import UsageError

_STANDARD = 2
"""The highest number of a standard stream."""


class ClosedStream(io.TextIOBase):
    """Stands for a stream that is closed: whoever needs it is told, nobody else notices."""

    def __init__(self, name: str, advice: str) -> None:
        self._error = (f"standard {name} is closed", name, advice)

    @property
    def buffer(self) -> NoReturn:
        """Raises UsageError: it is closed."""
        raise UsageError(*self._error)

    def read(self, size: int | None = -1, /) -> NoReturn:  # noqa: ARG002
        """Raises UsageError: it is closed."""
        raise UsageError(*self._error)

    def readline(self, size: int = -1, /) -> NoReturn:  # type: ignore[override]  # noqa: ARG002
        """Raises UsageError: it is closed."""
        raise UsageError(*self._error)

    def write(self, text: Any, /) -> int:
        """Raises UsageError where there is anything to write."""
        if text:
            raise UsageError(*self._error)
        return 0


def replace_closed_streams() -> None:
    """Give Python streams where it found none. Errors and progress go nowhere then; data that is to be written to a
    closed output, or read from a closed input, is a usage error.

    The numbers 0 to 2 are taken first: a file opened later would get one of them, and what a library prints would go
    into it.
    """
    if sys.stdin is not None and sys.stdout is not None and sys.stderr is not None:
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD:
        pass
    os.close(number)
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if sys.stdin is None:
        sys.stdin = ClosedStream("input", "Give a file in place of -")
    if sys.stdout is None:
        sys.stdout = ClosedStream("output", "Write it to a file or to /dev/null")
