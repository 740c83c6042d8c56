"""Knowledge appended to the post ("T+T" of Table 4): the encoder's attention does all the rest."""

from collections.abc import Sequence
from typing import ClassVar

from mmavk_cli.base.records import Knowledge, Word
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.fusions.fusion import Fusion, Source, counted
from mmavk_cli.tagger.pieces import Cutter


class Concat(Fusion):
    """The knowledge's pieces stand behind the post's own, as the encoder's tokenizer joins a pair."""

    reads: ClassVar[frozenset[Source]] = frozenset({"knowledge"})
    onnx = True
    described = "and behind them the text about the picture"

    def example(self, cutter: Cutter, words: Sequence[Word], knowledge: Knowledge | None) -> Example:
        """The knowledge is appended to each of the post's rows."""
        pieces, known = cutter.post(words), counted(knowledge)
        if known is None:
            return Example(pieces)
        text = cutter.appended(known.text) if known.text else ()
        return Example(pieces, text, known.weight, concatenated=True, similarity=known.similarity or 0.0)

    def streams(self, text: int, knowledge: int) -> tuple[int, ...]:
        """Post and knowledge in one row."""
        return (text + knowledge,)
