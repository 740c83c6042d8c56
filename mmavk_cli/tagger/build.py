"""The network of a training or a checkpoint, put together from its parts."""

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmavk_cli.base.errors import UsageError
from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge
from mmavk_cli.tagger.encoders.layers import EncoderLayers
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.fusion import Fusion
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.parts import Sizes
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings

if TYPE_CHECKING:
    from mmavk_cli.tagger.fusions.learned_gate import LearnedGate


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts a network has behind its encoder.

    Attributes:
        fusion: its name.
        decoder: its name.
        tags: tag names, `O` first.
        features: shape of a picture's features, `()` where the fusion reads none.
    """

    fusion: str
    decoder: str
    tags: tuple[str, ...]
    features: tuple[int, ...] = ()


def assembled(encoder: EncoderLayers, parts: Parts, dropout: float = 0.0) -> TaggerNetwork:
    """A network on an encoder; the layers of fusion and decoder are new.

    Raises:
        UsageError: the encoder cannot have this fusion.
    """
    sizes = Sizes(encoder.width, encoder.depth, parts.features)
    fusion = FUSIONS[parts.fusion]()
    fused = Sizes(fusion.width_out(sizes), sizes.depth, sizes.features)
    layers = fusion.layers(encoder, sizes)
    return TaggerNetwork(encoder, layers, DECODERS[parts.decoder](parts.tags).layers(fused), dropout)


def untrained(
    settings: TrainingSettings,
    pieces: PieceSettings,
    tags: tuple[str, ...],
    features: tuple[int, ...] = (),
    gate: "LearnedGate | None" = None,
) -> TaggerNetwork:
    """The network that a training starts from; the seed decides the new weights.

    Args:
        settings: encoder, decoder, dropout, seed.
        pieces: fusion and lengths.
        tags: tag names, `O` first.
        features: shape of a picture's features.
        gate: learns along, where the fusion can have one.

    Raises:
        MissingError: the encoder is not there. UsageError: it cannot have this fusion or these lengths, or cannot do
        without its activations.
    """
    from transformers import set_seed

    set_seed(settings.seed)
    kind = ENCODERS[settings.encoder_kind]()
    encoder = kind.start(kind.folder(settings.encoder))
    check_lengths(encoder.longest, FUSIONS[pieces.fusion](), pieces)
    frozen = FrozenKnowledge(deepcopy(encoder)) if settings.freeze_knowledge else None
    if settings.gradient_checkpointing:
        encoder.recompute()
    network = assembled(encoder, Parts(pieces.fusion, settings.decoder, tags, features), settings.dropout)
    network.fusion.gate, network.fusion.frozen = gate, frozen
    return network


def check_lengths(room: int | None, fusion: Fusion, pieces: PieceSettings) -> None:
    """The rows of a fusion fit an encoder that reads `room` pieces; None: any number.

    Raises:
        UsageError: they are longer.
    """
    longest = max(fusion.streams(pieces.text_pieces, pieces.knowledge_pieces))
    if room is not None and longest > room:
        what = f"{longest} pieces are more than the encoder's {room} positions"
        raise UsageError(what, "--text-pieces, --knowledge-pieces", "Choose less (with `concat` they add up)")
