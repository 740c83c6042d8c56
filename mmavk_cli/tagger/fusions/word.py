"""The paper's word-level fusion (Section 3.2): one vector of the knowledge, weighed into every word."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mmavk_cli.base.records import Knowledge, Word
from mmavk_cli.tagger.batch import Batch, Example, Floats
from mmavk_cli.tagger.fusions.fusion import Fusion, Pooled, Source, counted
from mmavk_cli.tagger.parts import Shapes, Sizes
from mmavk_cli.tagger.pieces import Cutter

if TYPE_CHECKING:
    from mmavk_cli.tagger.encoders.layers import EncoderLayers
    from mmavk_cli.tagger.fusions.layers import FusionLayers


class WordFusion(Fusion):
    """h'_i = W [h_i ; weight * h_aux] with h_aux = tanh(Linear(h_[CLS])) (equations 8 to 10)."""

    reads: ClassVar[frozenset[Source]] = frozenset({"knowledge"})
    onnx = True
    learns_gate = True
    can_freeze = True
    described = "the same encoder reads the text about the picture, whose vector is weighted and put into every word"

    def example(self, cutter: Cutter, words: Sequence[Word], knowledge: Knowledge | None) -> Example:
        """The knowledge is encoded by itself."""
        pieces, known = cutter.post(words), counted(knowledge)
        if known is None:
            return Example(pieces)
        text = cutter.knowledge(known.text) if known.text else ()
        return Example(pieces, text, known.weight, similarity=known.similarity or 0.0)

    def streams(self, text: int, knowledge: int) -> tuple[int, ...]:
        """The words, and the knowledge by itself."""
        return (text, knowledge)

    def shapes(self, sizes: Sizes) -> Shapes:
        """Two linear layers, weights [out, in]."""
        width = sizes.width
        auxiliary = {"auxiliary.weight": (width, width), "auxiliary.bias": (width,)}
        return {**auxiliary, "weigh.weight": (width, 2 * width), "weigh.bias": (width,)}

    def layers(self, encoder: "EncoderLayers", sizes: Sizes) -> "FusionLayers":  # noqa: ARG002
        """The two linear layers."""
        from mmavk_cli.tagger.fusions.word_layers import WordLayers

        return WordLayers(sizes)

    def fuse(self, words: Floats, batch: Batch, head: Mapping[str, Floats], pooled: Pooled) -> Floats:
        """Equations 8 to 10 in NumPy; W is applied to its two halves.

        Args:
            words: [B, W, D].
            batch: the posts, with their knowledge and its weights.
            head: tensors of the fusion, by name.
            pooled: encodes texts that are read by themselves, [U, K] to [U, D].
        """
        width = words.shape[-1]
        weigh = head["weigh.weight"]
        fused: Floats = words @ weigh[:, :width].T + head["weigh.bias"]
        if len(batch.knowledge_ids):
            cls = pooled(batch.knowledge_ids, batch.knowledge_mask)
            auxiliary = np.tanh(cls @ head["auxiliary.weight"].T + head["auxiliary.bias"])
            share = auxiliary[np.maximum(batch.knowledge_of, 0)] * batch.weight[:, None]
            fused += (share @ weigh[:, width:].T).astype(np.float32)[:, None, :]
        return fused
