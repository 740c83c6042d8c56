"""What a decoder is: word vectors → entities.

A decoder has two halves. `Decoder` and the `SpanHead` it makes search with NumPy alone, the same for training's
evaluation, for torch and for an exported model; `DecoderLayers` (decoders/layers.py) is what learns.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np

from mmavk_cli.base.records import Span
from mmavk_cli.spans import spans_to_tags
from mmavk_cli.tagger.batch import Floats, Ints
from mmavk_cli.tagger.parts import Shapes, Sizes

if TYPE_CHECKING:
    from mmavk_cli.tagger.decoders.layers import DecoderLayers

Gold = Sequence[Sequence[Span]]
"""The gold spans of each post."""


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """An entity in words, and how sure the decoder is of it, in [0, 1]."""

    span: Span
    score: float


class SpanHead(Protocol):
    """A trained decoder at work, in NumPy."""

    def logits(self, words: Floats, lengths: Ints) -> Floats:
        """What the decoder's layers give for fused words [B, W, D] of posts of `lengths` [B]."""

    def spans(self, logits: Floats, lengths: Ints) -> list[list[ScoredSpan]]:
        """The entities of each post, from left to right, none overlapping another."""


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


def tag_ids(gold: Gold, lengths: Ints, tags: Sequence[str]) -> Ints:
    """The gold spans as tag ids [B, W], 0 (`O`) in the padding; W is the longest length."""
    known = {tag: number for number, tag in enumerate(tags)}
    ids = np.zeros((len(lengths), int(lengths.max(initial=0))), np.int64)
    for row, spans, length in zip(ids, gold, lengths, strict=True):
        row[:length] = [known[tag] for tag in spans_to_tags(spans, int(length))]
    return ids
