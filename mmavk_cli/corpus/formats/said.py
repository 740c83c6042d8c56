"""What a reader decides about a file that is not in our own form."""

from mmavk_cli.base.records import Counted

READING, UNREAD = "reading", "unread"
"""Kinds of notes (`corpus/findings.py`): how something is read, and what is left aside."""


class Said:
    """Notes sentences about one file, each once."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    def __call__(self, sentence: str, where: str, kind: str = READING) -> None:
        """Note `sentence` about the row at `where` (`file:line`), which is empty while a file is only looked over."""
        if where:
            self._counted.note(kind, where, sentence, sentence)
