"""Rows of a store, made by hand."""

from mmavk_cli.base.digest import digest
from mmavk_cli.store.rows import SimilarityRow


def similarity(subject: str, text: str, scorer: str, value: float) -> SimilarityRow:
    """How related a text and a picture (a digest) are in the eyes of a scorer."""
    return SimilarityRow(subject=subject, text=digest(text), scorer=scorer, value=value)
