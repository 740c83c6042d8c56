"""A decoder that chooses each word's tag by itself."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mmavk_cli.spans import lenient_spans
from mmavk_cli.tagger.batch import Floats, Ints
from mmavk_cli.tagger.decoders.decoder import Decoder
from mmavk_cli.tagger.decoders.head import ScoredSpan
from mmavk_cli.tagger.parts import Shapes, Sizes

if TYPE_CHECKING:
    from mmavk_cli.tagger.decoders.layers import DecoderLayers


class SoftmaxDecoder(Decoder):
    """Every word gets a score a tag and takes its best one; neighbours do not matter."""

    described = "a linear layer tags every word by itself"
    score = "the product of the softmax probabilities of its words' tags"

    def shapes(self, sizes: Sizes) -> Shapes:
        """A linear layer, weights [out, in]."""
        return {"emit.weight": (len(self.tags), sizes.width), "emit.bias": (len(self.tags),)}

    def layers(self, sizes: Sizes) -> "DecoderLayers":
        """The linear layer."""
        from mmavk_cli.tagger.decoders.softmax_layers import SoftmaxLayers

        return SoftmaxLayers(self.tags, sizes, self.head)

    def head(self, tensors: Mapping[str, Floats]) -> "SoftmaxHead":
        """The best tag of each word."""
        return SoftmaxHead(tensors, self.tags)


class SoftmaxHead:
    """A trained linear layer; logits are scores of tags [B, W, T]."""

    def __init__(self, tensors: Mapping[str, Floats], tags: tuple[str, ...]) -> None:
        self.weight, self.bias, self.tags = tensors["emit.weight"], tensors["emit.bias"], tags

    def logits(self, words: Floats, lengths: Ints) -> Floats:  # noqa: ARG002
        """Scores of every tag for every word."""
        scores: Floats = words @ self.weight.T + self.bias
        return scores

    def spans(self, logits: Floats, lengths: Ints) -> list[list[ScoredSpan]]:
        """The entities of each word's best tag, where an I- that continues nothing begins one."""
        best = logits.argmax(-1)
        above = logits.astype(np.float64) - logits.max(-1, keepdims=True)
        logs = -np.log(np.exp(above).sum(-1))  # of the best tag's probability
        found = []
        for tags, own, length in zip(best, logs, lengths, strict=True):
            spans = lenient_spans([self.tags[tag] for tag in tags[:length]])
            found.append([ScoredSpan(one, float(np.exp(own[one.start : one.end].sum()))) for one in spans])
        return found
