"""What readers tell of a file beside its posts: what they read otherwise than it is written, or leave aside."""

from mmavk_cli.base.records import Counted, Note
from mmavk_cli.corpus.findings import KINDS

UNSAID = frozenset({"unread-field"})
"""Kinds that matter only where a file is converted."""


def sentence(note: Note) -> str:
    """A note for people: where, what, and how often."""
    detail = f": {note.detail}" if note.detail else ""
    often = f" ({note.count} in all)" if note.count > 1 else ""
    return f"{note.where}: {KINDS[note.kind][1]}{detail}{often}"


def tell(counted: Counted) -> None:
    """Log the notes of a file whose reader nobody asked to count them."""
    for note in counted.notes.values():
        if note.kind not in UNSAID:
            import logging

            logging.getLogger(__name__).warning("%s", sentence(note))
