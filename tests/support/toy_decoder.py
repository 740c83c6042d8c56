"""A decoder in one file: a word has the type of the nearest prototype, and neighbours of one type are an entity."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import torch
from torch import Tensor, nn

from mmavk_cli.base.records import Span
from mmavk_cli.spans import split_tag
from mmavk_cli.tagger.batch import Floats, Ints
from mmavk_cli.tagger.decoders.decoder import Decoder
from mmavk_cli.tagger.decoders.head import Gold, MakeHead, ScoredSpan
from mmavk_cli.tagger.decoders.layers import DecoderLayers
from mmavk_cli.tagger.parts import Shapes, Sizes


class ToyDecoder(Decoder):
    """Logits are minus the squared distances [B, W, 1 + types]; 0 stands for no entity."""

    described = "the nearest prototype gives each a type"
    score = "the mean probability of its words"

    def __init__(self, tags: Sequence[str]) -> None:
        super().__init__(tags)
        self.types = list(dict.fromkeys(split_tag(tag)[1] for tag in self.tags[1:]))

    def shapes(self, sizes: Sizes) -> Shapes:
        return {"prototypes": (1 + len(self.types), sizes.width)}

    def layers(self, sizes: Sizes) -> DecoderLayers:
        return ToyDecoderLayers(self.types, sizes, self.head)

    def head(self, tensors: Mapping[str, Floats]) -> "ToyHead":
        return ToyHead(tensors["prototypes"], self.types)


class ToyHead:
    """The prototypes at work, in NumPy."""

    def __init__(self, prototypes: Floats, types: Sequence[str]) -> None:
        self.prototypes, self.types = prototypes, types

    def logits(self, words: Floats, lengths: Ints) -> Floats:  # noqa: ARG002
        return -np.square(words[:, :, None, :] - self.prototypes).sum(axis=-1, dtype=np.float32)

    def spans(self, logits: Floats, lengths: Ints) -> list[list[ScoredSpan]]:
        return [list(self._found(row[:length])) for row, length in zip(logits, lengths, strict=True)]

    def _found(self, logits: Floats) -> Iterator[ScoredSpan]:
        likely = np.exp(logits - logits.max(axis=-1, keepdims=True))
        likely /= likely.sum(axis=-1, keepdims=True)
        at = 0
        for number, group in groupby(likely.argmax(axis=-1).tolist()):
            end = at + len(list(group))
            if number:
                yield ScoredSpan(Span(at, end, self.types[number - 1]), float(likely[at:end, number].mean()))
            at = end


class ToyDecoderLayers(DecoderLayers):
    """The prototypes as they learn, by cross entropy."""

    def __init__(self, types: Sequence[str], sizes: Sizes, make_head: MakeHead) -> None:
        super().__init__(make_head)
        self.types = types
        self.prototypes = nn.Parameter(torch.randn(1 + len(types), sizes.width))

    def forward(self, words: Tensor, lengths: Ints) -> Tensor:  # noqa: ARG002
        return -(words.float()[:, :, None, :] - self.prototypes).square().sum(dim=-1)

    def loss(self, words: Tensor, gold: Gold, lengths: Ints) -> Tensor:
        wanted = np.full(tuple(words.shape[:2]), -100)
        for row, spans, length in zip(wanted, gold, lengths, strict=True):
            row[:length] = 0
            for span in spans:
                row[span.start : span.end] = 1 + self.types.index(span.type)
        logits = self(words, lengths).flatten(0, 1)
        summed = nn.functional.cross_entropy(
            logits, torch.from_numpy(wanted).flatten().to(words.device), reduction="sum"
        )
        return summed / max(len(gold), 1)
