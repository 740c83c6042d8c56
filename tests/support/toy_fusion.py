"""A fusion in one file: every word gets how much the picture's text counts, and learns to say whether there is one."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from mmavk_cli.base.records import Knowledge, Word
from mmavk_cli.tagger.batch import Batch, Example, Floats
from mmavk_cli.tagger.encoders.layers import EncoderLayers
from mmavk_cli.tagger.fusions.fusion import Fusion, Pooled, Source, counted
from mmavk_cli.tagger.fusions.layers import FusionLayers
from mmavk_cli.tagger.parts import Shapes, Sizes
from mmavk_cli.tagger.pieces import Cutter


class ToyFusion(Fusion):
    """One number more a word: the weight of the post's knowledge, times a learned factor."""

    reads: ClassVar[frozenset[Source]] = frozenset({"knowledge"})
    onnx = True
    described = "a number more a word says how much the text about the picture counts"

    def example(self, cutter: Cutter, words: Sequence[Word], knowledge: Knowledge | None) -> Example:
        known = counted(knowledge)
        if known is None:
            return Example(cutter.post(words))
        return Example(cutter.post(words), cutter.knowledge(known.text), known.weight)

    def width_out(self, sizes: Sizes) -> int:
        return sizes.width + 1

    def shapes(self, sizes: Sizes) -> Shapes:
        return {"factor": (1,), "present.weight": (1, sizes.width + 1), "present.bias": (1,)}

    def layers(self, encoder: EncoderLayers, sizes: Sizes) -> FusionLayers:  # noqa: ARG002
        return ToyFusionLayers(sizes)

    def fuse(self, words: Floats, batch: Batch, head: Mapping[str, Floats], pooled: Pooled) -> Floats:  # noqa: ARG002
        more = np.broadcast_to(batch.weight[:, None, None] * head["factor"], (*words.shape[:2], 1))
        return np.concatenate([words, more.astype(np.float32)], axis=-1)


class ToyFusionLayers(FusionLayers):
    """The factor, and a loss of its own: from a post's mean word, whether it has knowledge."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.factor = nn.Parameter(torch.ones(1))
        self.present = nn.Linear(sizes.width + 1, 1)

    def forward(self, words: Tensor, batch: Batch, encoder: EncoderLayers) -> Tensor:  # noqa: ARG002
        more = self.weight(batch, words.device)[:, None, None] * self.factor
        return torch.cat([words, more.expand(-1, words.shape[1], -1).to(words.dtype)], dim=-1)

    def losses(self, words: Tensor, batch: Batch) -> dict[str, Tensor]:
        there = torch.from_numpy(batch.word_mask).to(words.device)[..., None]
        mean = (words * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
        wanted = (self.weight(batch, words.device) > 0).float()
        said = self.present(mean.float())[:, 0]
        return {"present": 0.1 * nn.functional.binary_cross_entropy_with_logits(said, wanted)}
