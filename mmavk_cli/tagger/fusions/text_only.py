"""No fusion: the post's words alone ("T-only" of Table 4)."""

from collections.abc import Sequence
from typing import ClassVar

from mmavk_cli.base.records import Knowledge, Word
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.fusions.fusion import Fusion, Source
from mmavk_cli.tagger.pieces import Cutter


class TextOnly(Fusion):
    """Whatever is known of the picture is left aside."""

    reads: ClassVar[frozenset[Source]] = frozenset()
    onnx = True

    def example(self, cutter: Cutter, words: Sequence[Word], knowledge: Knowledge | None) -> Example:  # noqa: ARG002
        """The words alone."""
        return Example(cutter.post(words))
