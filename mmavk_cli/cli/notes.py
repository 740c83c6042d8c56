"""What the package logs while a command runs, on stderr: what readers tell of its files (`corpus/notes.py`)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer

import mmavk_cli
from mmavk_cli.report.safe_text import visible


class _Printer(logging.Handler):
    """Prints each line once: a split may be read several times."""

    def __init__(self, quiet: bool) -> None:
        super().__init__()
        self._quiet = quiet
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        line = visible(record.getMessage())
        if not self._quiet and line not in self._said:
            self._said.add(line)
            typer.echo(f"note: {line}", err=True)


@contextmanager
def notes(quiet: bool) -> Iterator[None]:
    """Print what is logged while the block runs."""
    printer = _Printer(quiet)
    logger = logging.getLogger(mmavk_cli.__name__)
    logger.addHandler(printer)
    try:
        yield
    finally:
        logger.removeHandler(printer)
