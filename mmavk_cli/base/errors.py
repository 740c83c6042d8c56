"""Errors that a person can act on. One class an exit code; the text says what, where and what to do."""

from typing import ClassVar

from mmavk_cli.base.records import Problem


def install(extra: str) -> str:
    """Advice to install an extra of this package, which is on no index: it is installed from its own folder."""
    return f"Run in mmavk's folder: pip install '.[{extra}]'"


class MmavkError(Exception):
    """An internal error (exit 1). The classes below are errors that the user can fix.

    Attributes:
        what: the fault, one sentence without a full stop.
        where: file:line, flag or row id; may be empty.
        do: what the user can do about it; may be empty.
    """

    code: ClassVar[int] = 1

    def __init__(self, what: str, where: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.do = what, where, do

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f". {self.do}" if self.do else ""
        return f"{place}{self.what}{advice}"

    def problem(self) -> Problem:
        """The same as a record, for a row that failed while the others went on."""
        return Problem(type(self).__name__, self.what, self.where, self.do)


class UsageError(MmavkError):
    """The command line or a settings file says something that cannot be (exit 2)."""

    code = 2


class DataError(MmavkError):
    """A text, picture or data set cannot be read or would change a score (exit 3)."""

    code = 3


class KnowledgeError(MmavkError):
    """Knowledge is missing, or was made by another recipe than asked for (exit 4)."""

    code = 4


class MissingError(MmavkError):
    """Weights or an optional package are not there (exit 5)."""

    code = 5


class MemoryShortError(MmavkError):
    """Memory ran out, also after backing off, or there is less than a model needs (exit 6)."""

    code = 6
