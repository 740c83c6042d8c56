"""A text of one post a line."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import BOM
from mmavk_cli.base.records import BadRow, Counted, Rows
from mmavk_cli.corpus.raw import post_from_text


@dataclass(frozen=True, slots=True)
class SingleLines:
    """One post a line; blank lines are left out."""

    name: str = "lines"
    suffix: str = ".lines"

    def read(self, path: Path, counted: Counted) -> Rows:  # noqa: ARG002
        """The posts of a file.

        Raises:
            DataError: it cannot be read.
        """
        try:
            with path.open("rb") as handle:
                yield from _rows(handle, str(path))
        except OSError as error:
            raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error

    def read_lines(self, lines: Iterable[bytes], counted: Counted) -> Rows:  # noqa: ARG002
        """The posts of standard input."""
        return _rows(lines, "stdin")


def _rows(lines: Iterable[bytes], name: str) -> Rows:
    for number, raw in enumerate(lines, 1):
        line = (raw.removeprefix(BOM) if number == 1 else raw).removesuffix(b"\n").removesuffix(b"\r")
        if not line.strip():
            continue
        where, id_ = f"{name}:{number}", f"{Path(name).stem}-{number}"
        try:
            text = line.decode("utf-8")
            yield post_from_text(text, id_, where=where)
        except UnicodeDecodeError as error:
            what = f"the line is not UTF-8 at byte {error.start}"
            yield BadRow(id_, DataError(what, where, "Convert the file to UTF-8").problem())
        except DataError as error:
            yield BadRow(id_, error.problem())
