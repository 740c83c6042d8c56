"""A decoder that scores whole spans instead of words' tags."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mmavk_cli.base.records import Span
from mmavk_cli.spans import types_of
from mmavk_cli.tagger.batch import Floats, Ints
from mmavk_cli.tagger.decoders.candidates import candidates, without_overlap
from mmavk_cli.tagger.decoders.decoder import Decoder
from mmavk_cli.tagger.decoders.head import ScoredSpan
from mmavk_cli.tagger.parts import Shapes, Sizes

if TYPE_CHECKING:
    from mmavk_cli.tagger.decoders.layers import DecoderLayers

LONGEST = 10
"""Words of the longest span: candidates grow with it."""

NONE = 0
"""The class of a span that is no entity; the types follow."""


class SpanDecoder(Decoder):
    """Every span of at most `LONGEST` words gets a score a type and one for none, from its first and last word."""

    longest = LONGEST
    described = f"a classifier of all spans up to {LONGEST} words finds the names, the surest first"
    score = "the softmax probability of its type, among all types and none, for exactly that span"

    def shapes(self, sizes: Sizes) -> Shapes:
        """Two linear layers, weights [out, in], added up, so that one bias is enough."""
        classes = 1 + len(types_of(self.tags))
        weight = (classes, sizes.width)
        return {"span_start.weight": weight, "span_start.bias": (classes,), "span_end.weight": weight}

    def layers(self, sizes: Sizes) -> "DecoderLayers":
        """The two linear layers."""
        from mmavk_cli.tagger.decoders.span_layers import SpanLayers

        return SpanLayers(types_of(self.tags), sizes, LONGEST, self.head)

    def head(self, tensors: Mapping[str, Floats]) -> "GreedySpanHead":
        """The greedy choice."""
        return GreedySpanHead(tensors, types_of(self.tags))

    def kept(self, words: int, width: int) -> int:  # noqa: ARG002
        """Scores of words and of spans, their log-softmax, and the three numbers of each span."""
        classes = 1 + len(types_of(self.tags))
        return 3 * 4 * words * (1 + LONGEST) * classes + 3 * 8 * words * LONGEST


class GreedySpanHead:
    """A trained span decoder; logits are scores of none and of the types, a row a candidate, [S, C]."""

    def __init__(self, tensors: Mapping[str, Floats], types: tuple[str, ...]) -> None:
        self.start, self.bias = tensors["span_start.weight"], tensors["span_start.bias"]
        self.end = tensors["span_end.weight"]
        self.types = types

    def logits(self, words: Floats, lengths: Ints) -> Floats:
        """Scores of none and of every type for every candidate."""
        among = candidates(lengths, LONGEST)
        starts, ends = words @ self.start.T + self.bias, words @ self.end.T
        scores: Floats = starts[among.post, among.start] + ends[among.post, among.end - 1]
        return scores

    def spans(self, logits: Floats, lengths: Ints) -> list[list[ScoredSpan]]:
        """Those whose best class is a type, chosen by its probability, none overlapping another."""
        among = candidates(lengths, LONGEST)
        best = logits.argmax(-1)
        above = logits.astype(np.float64) - logits.max(-1, keepdims=True)
        scores = 1 / np.exp(above).sum(-1)  # the best class's probability
        own: list[list[int]] = [[] for _ in lengths]
        for number in np.flatnonzero(best != NONE).tolist():
            own[among.post[number]].append(number)
        found = []
        for numbers in own:
            spans = [(int(among.start[one]), int(among.end[one])) for one in numbers]
            taken = without_overlap(spans, [float(scores[one]) for one in numbers])
            kinds = [self.types[best[one] - 1] for one in numbers]
            found.append([ScoredSpan(Span(*spans[at], kinds[at]), float(scores[numbers[at]])) for at in taken])
        return found
