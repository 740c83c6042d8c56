"""What learns of the span decoder."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mmavk_cli.tagger.batch import Ints
from mmavk_cli.tagger.decoders.candidates import Candidates, candidates
from mmavk_cli.tagger.decoders.head import Gold, MakeHead
from mmavk_cli.tagger.decoders.layers import DecoderLayers
from mmavk_cli.tagger.parts import Sizes


class SpanLayers(DecoderLayers):
    """Two linear layers, on a span's first and on its last word.

    Args:
        types: of the entities.
        sizes: of the fused words.
        longest: words of the longest span.
        make_head: the decoder's own `head`.
    """

    def __init__(self, types: Sequence[str], sizes: Sizes, longest: int, make_head: MakeHead) -> None:
        super().__init__(make_head)
        self.types, self.longest = types, longest
        self.span_start = nn.Linear(sizes.width, 1 + len(types))
        self.span_end = nn.Linear(sizes.width, 1 + len(types), bias=False)

    def forward(self, words: Tensor, lengths: Ints) -> Tensor:
        """Scores of none and of every type for every candidate, [S, C]."""
        return self._scores(words, candidates(lengths, self.longest))

    def _scores(self, words: Tensor, among: Candidates) -> Tensor:
        post, start, end = (torch.from_numpy(one).to(words.device) for one in (among.post, among.start, among.end))
        starts, ends = self.span_start(words).float(), self.span_end(words).float()
        scores: Tensor = starts[post, start] + ends[post, end - 1]
        return scores

    def loss(self, words: Tensor, gold: Gold, lengths: Ints) -> Tensor:
        """Cross-entropy of all candidates' classes, summed over a post's. A longer gold span is none of them."""
        among = candidates(lengths, self.longest)
        scores = self._scores(words, among)
        wanted = torch.from_numpy(classes(among, gold, self.types)).to(words.device)
        return cross_entropy(scores, wanted, reduction="sum") / max(1, int((lengths > 0).sum()))


def classes(among: Candidates, gold: Gold, types: Sequence[str]) -> Ints:
    """The class of each candidate [S]: 0 where it is no gold span, else its type's."""
    known = {kind: number for number, kind in enumerate(types, 1)}
    entities = {(post, one.start, one.end): known[one.type] for post, spans in enumerate(gold) for one in spans}
    keys = zip(among.post.tolist(), among.start.tolist(), among.end.tolist(), strict=True)
    return np.array([entities.get(key, 0) for key in keys], np.int64)
