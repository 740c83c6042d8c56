"""A picture's features as keys and values of every layer ("T+I" of Table 4)."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, ClassVar

from mmavk_cli.base.records import Knowledge, Word
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.fusions.fusion import Fusion, Source, counted
from mmavk_cli.tagger.parts import Shapes, Sizes
from mmavk_cli.tagger.pieces import Cutter

if TYPE_CHECKING:
    from mmavk_cli.tagger.encoders.layers import EncoderLayers
    from mmavk_cli.tagger.fusions.layers import FusionLayers

PREFIXES = 4
"""Key and value pairs that a picture puts before each layer's own."""

BOTTLENECK = 128
"""Width between a picture's features and all layers' prefixes; without it this layer outgrows the encoder."""


class VisualPrefix(Fusion):
    """Key and value prefixes from the picture's features.

    The paper does not say how features become prefixes; this is one hidden layer for all of them.
    """

    reads: ClassVar[frozenset[Source]] = frozenset({"image"})
    described = "with the picture's features as a prefix in every layer"

    def example(self, cutter: Cutter, words: Sequence[Word], knowledge: Knowledge | None) -> Example:
        """The words, and the features beside them."""
        pieces, known = cutter.post(words), counted(knowledge)
        return Example(pieces) if known is None else Example(pieces, weight=known.weight, visual=known.visual)

    def shapes(self, sizes: Sizes) -> Shapes:
        """Features → bottleneck → keys and values of all layers; weights [out, in]."""
        features, wide = prod(sizes.features), sizes.depth * 2 * PREFIXES * sizes.width
        reduce = {"reduce.weight": (BOTTLENECK, features), "reduce.bias": (BOTTLENECK,)}
        return {**reduce, "expand.weight": (wide, BOTTLENECK), "expand.bias": (wide,)}

    def layers(self, encoder: "EncoderLayers", sizes: Sizes) -> "FusionLayers":
        """The two linear layers, and an encoder whose attention takes prefixes.

        Raises:
            UsageError: the encoder's attention cannot.
        """
        from mmavk_cli.tagger.fusions.prefix_layers import PrefixLayers

        return PrefixLayers(encoder, sizes, self.shapes(sizes))
