"""Progress: what a command calls while it works, and what its screen gives it."""

from collections.abc import Callable
from typing import Protocol

from mmavk_cli.base.records import Json, Problem

Log = Callable[[Json], None]
"""Called with each line of a run's log, a dictionary of names and values."""

OnFault = Callable[[Problem], None]
"""Called with what is wrong with a row or a picture that is left out, as it passes."""


class Progress(Protocol):
    """Called now and then: `done` of `total` (None: nobody knows), in the command's own unit, such as posts.

    `step` names what is being done, where a command does several things one after the other.
    """

    def __call__(self, done: int, total: int | None = None, /, step: str = "") -> None:
        """Show it."""


def silent(_done: int, _total: int | None = None, /, step: str = "") -> None:
    """The progress that nobody looks at."""


def part_of(on_progress: Progress, part: int, parts: int) -> Progress:
    """The progress of part number `part` (from 0) of `parts` equal ones, as that of the whole."""

    def moved(done: int, total: int | None = None, /, step: str = "") -> None:
        if total is None:
            on_progress(done, None, step)
        else:
            on_progress(part * total + done, parts * total, step)

    return moved
