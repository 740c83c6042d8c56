"""What a fusion is: how what is known of a picture meets the words of a post (paper, Section 3.2 and Table 4).

A fusion has two halves. `Fusion` says what it reads, makes examples and computes without torch, because an exported
model tags without it; `FusionLayers` (fusions/layers.py) is what learns.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from mmavk_cli.base.records import Knowledge, Word
from mmavk_cli.tagger.batch import Batch, Example, Floats, Ints
from mmavk_cli.tagger.parts import Shapes, Sizes
from mmavk_cli.tagger.pieces import Cutter

if TYPE_CHECKING:
    from mmavk_cli.tagger.encoders.layers import EncoderLayers
    from mmavk_cli.tagger.fusions.layers import FusionLayers

Source = Literal["knowledge", "image"]
"""What a fusion can read beside the words: text about the picture, or the picture's features."""

Pooled = Callable[[Ints, Ints], Floats]
"""Ids and mask [U, K] → a vector a text [U, D] (equation 7), by the exported encoder."""


class Fusion(ABC):
    """One way for knowledge to meet the words.

    Attributes:
        reads: what it takes beside the words; of a picture either text about it or features of it.
        features: the kind of features it takes (flows/shared/knowledge/features.py), where it reads the image.
        onnx: whether it has a form without torch (`fuse`); else an export is refused.
        learns_gate: whether its layers have a weight a post that `--threshold learned` can train.
        can_freeze: whether it takes a vector of each knowledge text that `--freeze-knowledge` can make once.
        described: what it does, as the model card goes on behind "the encoder X reads the words, "; empty for nothing.
    """

    reads: ClassVar[frozenset[Source]]
    features: ClassVar[str] = "clip"
    onnx: ClassVar[bool] = False
    learns_gate: ClassVar[bool] = False
    can_freeze: ClassVar[bool] = False
    described: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        if len(cls.reads) > 1:
            raise TypeError(f"{cls.__name__}.reads: knowledge or image, not both")

    @abstractmethod
    def example(self, cutter: Cutter, words: Sequence[Word], knowledge: Knowledge | None) -> Example:
        """A post's words with what this fusion takes of its knowledge; knowledge of weight 0 is left out."""

    def streams(self, text: int, knowledge: int) -> tuple[int, ...]:  # noqa: ARG002
        """Pieces of the longest rows that the encoder reads: those of the words, then of what it reads beside them.

        `text` and `knowledge` are the most pieces of a window of the post and of a knowledge text.
        """
        return (text,)

    def width_out(self, sizes: Sizes) -> int:
        """Numbers in a word vector behind the fusion; `sizes.width` where it does not change."""
        return sizes.width

    def shapes(self, sizes: Sizes) -> Shapes:  # noqa: ARG002
        """The tensors of its layers, by name, without the gate; none by default."""
        return {}

    def layers(self, encoder: "EncoderLayers", sizes: Sizes) -> "FusionLayers":  # noqa: ARG002
        """New layers for an encoder, with random weights; by default none, the words go through.

        Raises:
            UsageError: this encoder cannot have this fusion.
        """
        from mmavk_cli.tagger.fusions.layers import FusionLayers

        return FusionLayers(sizes)

    def fuse(self, words: Floats, batch: Batch, head: Mapping[str, Floats], pooled: Pooled) -> Floats:  # noqa: ARG002
        """What the layers' `forward` gives, in NumPy, for an exported model; by default the words as they are.

        Args:
            words: [B, W, D] from the encoder.
            batch: the posts.
            head: the tensors of `shapes`.
            pooled: the exported encoder.
        """
        return words


def counted(knowledge: Knowledge | None) -> Knowledge | None:
    """The knowledge, where it counts anything."""
    return knowledge if knowledge is not None and knowledge.weight > 0 else None
