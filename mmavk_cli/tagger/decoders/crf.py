"""The paper's decoder: a linear-chain CRF over IOB2 tags (equations 11, 12)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mmavk_cli.spans import strict_spans
from mmavk_cli.tagger.batch import Floats, Ints
from mmavk_cli.tagger.decoders.crf_numpy import Chain, best_tags, span_scores
from mmavk_cli.tagger.decoders.decoder import Decoder
from mmavk_cli.tagger.decoders.head import ScoredSpan
from mmavk_cli.tagger.parts import Shapes, Sizes

if TYPE_CHECKING:
    from mmavk_cli.tagger.decoders.layers import DecoderLayers


class CrfDecoder(Decoder):
    """Every word gets a score a tag, every pair of neighbours one for following each other; the best sequence wins."""

    described = "a CRF tags them"
    score = "the CRF's marginal probability of exactly that span and type"

    def shapes(self, sizes: Sizes) -> Shapes:
        """A linear layer, weights [out, in], and the scores of the chain: transitions are [from, to]."""
        many = len(self.tags)
        chain = {"crf.start": (many,), "crf.transitions": (many, many), "crf.end": (many,)}
        return {"emit.weight": (many, sizes.width), "emit.bias": (many,), **chain}

    def layers(self, sizes: Sizes) -> "DecoderLayers":
        """The linear layer and the chain."""
        from mmavk_cli.tagger.decoders.crf_layers import CrfLayers

        return CrfLayers(self.tags, sizes, self.head)

    def head(self, tensors: Mapping[str, Floats]) -> "CrfHead":
        """Viterbi and forward-backward."""
        return CrfHead(tensors, self.tags)

    def kept(self, words: int, width: int) -> int:  # noqa: ARG002
        """The emissions, and a step's sums over pairs of tags."""
        many = len(self.tags)
        return 3 * 4 * words * many * (many + 2)


class CrfHead:
    """A trained CRF; logits are emissions [B, W, T]."""

    def __init__(self, tensors: Mapping[str, Floats], tags: tuple[str, ...]) -> None:
        self.weight, self.bias = tensors["emit.weight"], tensors["emit.bias"]
        self.chain = Chain(tensors["crf.start"], tensors["crf.transitions"], tensors["crf.end"], tags)

    def logits(self, words: Floats, lengths: Ints) -> Floats:  # noqa: ARG002
        """Scores of every tag for every word."""
        scores: Floats = words @ self.weight.T + self.bias
        return scores

    def spans(self, logits: Floats, lengths: Ints) -> list[list[ScoredSpan]]:
        """The entities of the best tag sequence, with the marginal probability of exactly that span and type."""
        found = [strict_spans(tags) for tags in best_tags(self.chain, logits, lengths)]
        scores = span_scores(self.chain, logits, lengths, found)
        return [list(map(ScoredSpan, *both)) for both in zip(found, scores, strict=True)]
