"""What learns of the softmax decoder."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mmavk_cli.tagger.batch import Ints
from mmavk_cli.tagger.decoders.head import Gold, MakeHead, tag_ids
from mmavk_cli.tagger.decoders.layers import DecoderLayers
from mmavk_cli.tagger.parts import Sizes


class SoftmaxLayers(DecoderLayers):
    """A linear layer that scores tags."""

    def __init__(self, tags: Sequence[str], sizes: Sizes, make_head: MakeHead) -> None:
        super().__init__(make_head)
        self.tags = tags
        self.emit = nn.Linear(sizes.width, len(tags))

    def forward(self, words: Tensor, lengths: Ints) -> Tensor:  # noqa: ARG002
        """Scores of every tag for every word, [B, W, T]."""
        scores: Tensor = self.emit(words)
        return scores.float()

    def loss(self, words: Tensor, gold: Gold, lengths: Ints) -> Tensor:
        """Cross-entropy of the gold tags, summed over a post's words."""
        scores = self(words, lengths)
        tags = torch.from_numpy(tag_ids(gold, lengths, self.tags)).to(words.device)
        there = torch.arange(words.shape[1]) < torch.from_numpy(lengths)[:, None]
        there = there.to(words.device)
        total = cross_entropy(scores[there], tags[there], reduction="sum")
        return total / max(1, int((lengths > 0).sum()))
