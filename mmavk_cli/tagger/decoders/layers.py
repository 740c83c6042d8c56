"""The half of a decoder that learns."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from torch import Tensor, nn

from mmavk_cli.tagger.batch import Ints
from mmavk_cli.tagger.decoders.head import Gold, MakeHead, SpanHead
from mmavk_cli.tagger.layers import PartLayers


class DecoderLayers(PartLayers, ABC):
    """Layers of a decoder.

    Args:
        make_head: the decoder's own `head`.
    """

    def __init__(self, make_head: MakeHead) -> None:
        super().__init__()
        self.make_head = make_head

    @abstractmethod
    def forward(self, words: Tensor, lengths: Ints) -> Tensor:
        """Logits, float32, from fused words [B, W, D] of posts of `lengths` [B]; their shape is the decoder's own."""

    @abstractmethod
    def loss(self, words: Tensor, gold: Gold, lengths: Ints) -> Tensor:
        """The mean over posts of a post's loss, float32. A post without words counts nothing."""

    def structural(self) -> Iterator[nn.Parameter]:
        """Parameters that say what may stand beside what, and learn at `--crf-lr`; none by default."""
        return iter(())

    def head(self) -> SpanHead:
        """The decoder as it is now, in NumPy."""
        return self.make_head({name: one.detach().float().cpu().numpy() for name, one in self.tensors().items()})
