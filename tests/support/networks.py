"""Networks with random weights, and examples of posts as their fusion makes them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mmavk_cli.base.records import TYPES, Knowledge, Span, Visual, Word
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.build import Parts, assembled
from mmavk_cli.tagger.encoders.layers import EncoderLayers
from mmavk_cli.tagger.encoders.transformer_layers import load_transformer
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.pieces import PieceCutter

TAGS = tag_names(TYPES)


def network(
    encoder: Path | EncoderLayers, fusion: str = "word", decoder: str = "crf", features: tuple[int, ...] = ()
) -> TaggerNetwork:
    """A network on an encoder or its folder, without dropout of its own."""
    torch.manual_seed(1)
    layers = load_transformer(encoder) if isinstance(encoder, Path) else encoder
    return assembled(layers, Parts(fusion, decoder, TAGS, features))


def owners(encoder: nn.Module, decoder: nn.Module) -> Any:
    """Layers as the encoder and the decoder of a network, for its learning rates."""
    decoder.structural = lambda: iter(())
    return nn.ModuleDict({"encoder": encoder, "fusion": nn.Identity(), "decoder": decoder})


def listening(made: TaggerNetwork) -> TaggerNetwork:
    """The network with a word fusion that is drawn: a fresh one ignores knowledge, and tests must see it."""
    with torch.no_grad():
        made.fusion.weigh.weight.normal_(0, 0.3)
    return made


def example(
    cutter: PieceCutter, words: Sequence[Word], knowledge: Knowledge | None, gold: tuple[Span, ...] = ()
) -> Example:
    """A post as the fusion of the cutter's settings makes it."""
    made = FUSIONS[cutter.settings.fusion]().example(cutter, words, knowledge)
    return replace(made, gold=gold)


def visual(numbers: Sequence[float]) -> Visual:
    """A picture's features, a vector of these numbers."""
    vector = torch.tensor(numbers, dtype=torch.float32)
    return Visual(tuple(vector.shape), vector.numpy().tobytes())
