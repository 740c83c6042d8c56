"""How the store's database keeps a value: as text, and never in any other way.

diskcache pickles what is not a number, text or bytes, and unpickles what it finds (CVE-2025-69872: whoever can write
to the folder can run code). Here nothing is pickled, no row points to a file, and a row that does either is refused.
"""

from diskcache import Disk  # type: ignore[import-untyped,unused-ignore]
from diskcache.core import MODE_RAW  # type: ignore[import-untyped,unused-ignore]

from mmavk_cli.base.errors import DataError


class TextDisk(Disk):  # type: ignore[misc]
    """Keys and values are `str`, kept in the database itself."""

    def put(self, key: object) -> tuple[str, bool]:
        """A key for the database.

        Raises:
            TypeError: it is not a text.
        """
        return _text(key), True

    def get(self, key: object, raw: bool) -> str:
        """A key from the database.

        Raises:
            DataError: it is pickled or no text.
        """
        if not raw or type(key) is not str:
            raise refused(key)
        return key

    def store(self, value: object, read: bool, key: object = None) -> tuple[int, int, None, str]:
        """A value for the database: (size on disk outside it, mode, file name, value).

        Raises:
            TypeError: it is not a text.
        """
        del read, key
        return 0, MODE_RAW, None, _text(value)

    def fetch(self, mode: int, filename: str | None, value: object, read: bool) -> str:
        """A value from the database.

        Args:
            mode: diskcache's number for how the value is stored.
            filename: of a value in a file of its own, which is refused.
            value: the column of the database.
            read: diskcache would return an open file.

        Raises:
            DataError: it is pickled, in a file, or no text.
        """
        del read
        if mode != MODE_RAW or filename is not None or type(value) is not str:
            raise refused(value)
        return value

    def remove(self, file_path: str) -> None:
        """Do nothing: no row of ours has a file, so a row that names one must not make us delete it."""


def refused(found: object) -> DataError:
    """The error for a row that is not plain text."""
    kind = "bytes" if isinstance(found, bytes) else type(found).__name__
    return DataError(f"a row of the store is not plain text ({kind}), refused", "store", "Run: mmavk store verify")


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError(f"the store takes text, not {type(value).__name__}")
    return value
