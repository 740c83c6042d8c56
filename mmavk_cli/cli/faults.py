"""What is wrong with single rows and pictures while the others go on: one line each on stderr, and not too many."""

import typer

from mmavk_cli.base.errors import MmavkError
from mmavk_cli.base.records import Problem
from mmavk_cli.report.safe_text import visible

FIRST = 20
"""Faults that are shown one by one; --verbose shows them all."""


class FaultPrinter:
    """Prints faults as they come: the first `FIRST`, or with `every` all of them.

    Args:
        every: show all (`--verbose`).
        label: how each line begins.
    """

    def __init__(self, every: bool, label: str = "mmavk") -> None:
        self._every, self._label, self._faults = every, label, 0

    def __call__(self, problem: Problem) -> None:
        """Print what is wrong, where, and what to do."""
        self.line(str(MmavkError(problem.what, problem.where, problem.do)))

    def line(self, text: str) -> None:
        """Print a fault in words; a control character in it is shown, not sent to the terminal."""
        self._faults += 1
        if self._faults <= FIRST or self._every:
            typer.echo(f"{self._label}: {visible(text)}", err=True)
        elif self._faults == FIRST + 1:
            typer.echo(f"{self._label}: and more; --verbose shows all", err=True)
