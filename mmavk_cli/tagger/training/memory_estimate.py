"""How much memory a tagger takes, in training and at work: what its encoder, fusion and decoder say of themselves."""

from dataclasses import dataclass
from math import prod

from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.shape import Device, EncoderShape, Way
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.parts import Shapes, Sizes
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings

GIB = 2**30

RESERVE = int(1.5 * GIB)
"""What CUDA's context, its libraries' work space and gaps between blocks take of a card."""

FUSED_BYTES = 20
"""Bytes kept for each number of a word's vector between encoder and decoder: dropout's, the fusion's."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a training takes.

    Attributes:
        weights, gradients, optimizer: float32; the optimizer has two moments, an average counts as weights.
        activations: what is kept for the backward pass, of one part of an update.
        peak: the most at any time. In an update of one part gradients grow while activations go.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int
    peak: int

    def fits(self, room: int) -> bool:
        """Whether it fits a card of `room` bytes."""
        return self.peak + RESERVE <= room


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be trained.

    Attributes:
        shape: the encoder's sizes.
        training: batch size, precision, decoder and what else takes memory.
        pieces: lengths and fusion.
        tags: tag names, `O` first.
        features: shape of a picture's features, `()` for none.
    """

    shape: EncoderShape
    training: TrainingSettings
    pieces: PieceSettings
    tags: tuple[str, ...]
    features: tuple[int, ...] = ()


def estimate(plan: Plan, device: Device) -> Memory:
    """The memory of a training whose posts and knowledge all have their greatest length."""
    shape, training, pieces = plan.shape, plan.training, plan.pieces
    posts = min(training.micro_batch or training.batch_size, training.batch_size)
    way = Way(training.precision == "bfloat16", training.gradient_checkpointing, device)
    fusion, decoder = FUSIONS[pieces.fusion](), DECODERS[training.decoder](plan.tags)
    sizes = Sizes(shape.width, shape.depth, plan.features)
    fused = Sizes(fusion.width_out(sizes), shape.depth, plan.features)
    numbers = shape.parameters + _numbers(fusion.shapes(sizes)) + _numbers(decoder.shapes(fused))
    streams = fusion.streams(pieces.text_pieces, pieces.knowledge_pieces)
    if training.freeze_knowledge:  # its vectors are made before
        streams = streams[:1]
    kept = [shape.kept(posts, length, way, pooled=number > 0) for number, length in enumerate(streams)]
    words = posts * pieces.text_pieces
    top = words * FUSED_BYTES * shape.width + decoder.kept(words, fused.width)
    casts = 2 * (numbers - shape.embedded) if way.half and not way.recompute else 0
    work = max(shape.work(posts, length, way) for length in streams)
    fixed = 4 * numbers * (2 if training.averaging else 1) + 8 * numbers
    if training.freeze_knowledge and device == "cpu":  # beside a GPU it waits on the CPU, once all is encoded
        fixed += 4 * shape.parameters
    activations = sum(kept) + top + casts
    peak = fixed + _changing(plan, kept, activations + work, 4 * numbers)
    return Memory(fixed - 8 * numbers, 4 * numbers, 8 * numbers, activations, peak)


def _changing(plan: Plan, kept: list[int], whole: int, gradients: int) -> int:
    """The most that activations and gradients take together, beside what is there all the time.

    Args:
        plan: says whether an update is read in parts, and how large the embeddings are.
        kept: activations of each stream.
        whole: all activations and what is held for a moment.
        gradients: those of all weights.
    """
    added = 4 * plan.shape.embedded  # the gradient of the embeddings is made once a stream, then added
    if plan.training.micro_batch and plan.training.micro_batch < plan.training.batch_size:
        return gradients + max(whole, len(kept) * added)  # beside those of the parts before
    if len(kept) > 1:
        return max(whole, kept[0] + gradients, gradients + added)
    return max(whole, gradients)


@dataclass(frozen=True, slots=True)
class Working:
    """Bytes that tagging takes: its weights, and with `batch` posts the most at any time."""

    weights: int
    batch: int
    peak: int


def working(shape: EncoderShape, pieces: PieceSettings, batch: int) -> Working:
    """The memory of tagging in float32, of posts and knowledge that all have their greatest length."""
    weights = 4 * (shape.parameters + _numbers(FUSIONS[pieces.fusion]().shapes(Sizes(shape.width, shape.depth))))
    longest = max(pieces.text_pieces, pieces.knowledge_pieces)
    return Working(weights, batch, weights + shape.at_work(batch, longest))


def _numbers(shapes: Shapes) -> int:
    return sum(prod(shape) for shape in shapes.values())
