"""What a decoder is: word vectors → entities.

A decoder has two halves. `Decoder` and the `SpanHead` it makes (decoders/head.py) search with NumPy alone, the same for
training's evaluation, for torch and for an exported model; `DecoderLayers` (decoders/layers.py) is what learns.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from mmavk_cli.tagger.batch import Floats
from mmavk_cli.tagger.decoders.head import SpanHead
from mmavk_cli.tagger.parts import Shapes, Sizes

if TYPE_CHECKING:
    from mmavk_cli.tagger.decoders.layers import DecoderLayers


class Decoder(ABC):
    """One way to find entities in word vectors.

    Attributes:
        onnx: whether a tagger with it can be exported.
        longest: words of the longest entity it can find; None: any.
        described: what it does, as the end of the model card's sentence about the network.
        score: what an entity's score is, as the model card says it.

    Args:
        tags: tag names, `O` first; their types are the decoder's.
    """

    onnx: ClassVar[bool] = True
    longest: ClassVar[int | None] = None
    described: ClassVar[str]
    score: ClassVar[str]

    def __init__(self, tags: Sequence[str]) -> None:
        self.tags = tuple(tags)

    @abstractmethod
    def shapes(self, sizes: Sizes) -> Shapes:
        """The tensors of its layers, by name."""

    @abstractmethod
    def layers(self, sizes: Sizes) -> "DecoderLayers":
        """New layers with random weights, for fused words of `sizes.width`."""

    @abstractmethod
    def head(self, tensors: Mapping[str, Floats]) -> SpanHead:
        """The trained decoder of the tensors of `shapes`."""

    def kept(self, words: int, width: int) -> int:  # noqa: ARG002
        """Bytes that autograd keeps behind the fusion, of so many words with vectors of `width` numbers."""
        return 3 * 4 * words * len(self.tags)
