"""How much memory a tagger takes, in training and at work, from the encoder's config alone.

What is counted is what autograd keeps of a BERT-like layer: the inputs of its linear layers, queries, keys and values,
the inputs of GELU and of both layer normalisations, the masks of dropout. On a GPU the attention of torch keeps no
matrix of pieces times pieces; on a CPU it keeps three (softmax, dropout's noise, their product) in float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import TYPES
from mmavk_cli.tagger.settings import Fusion, PieceSettings, TrainingSettings

Device = Literal["cpu", "cuda"]

GIB = 2**30

RESERVE = int(1.5 * GIB)
"""What CUDA's context, its libraries' work space and gaps between blocks take of a card."""

_XLM = {
    "model_type": "xlm-roberta",
    "num_attention_heads": 12,
    "vocab_size": 250002,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
}
KNOWN: dict[str, dict[str, Any]] = {
    "xlm-roberta-base": {**_XLM, "hidden_size": 768, "num_hidden_layers": 12, "intermediate_size": 3072},
    "xlm-roberta-large": {
        **_XLM, "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096,
    },
}  # fmt: skip
"""Sizes of encoders whose memory can be told without their files, by the last part of their id."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a BERT-like encoder, and transformers' name of its family."""

    width: int
    layers: int
    heads: int
    inner: int
    embeddings: int
    family: str

    @classmethod
    def of(cls, config: Mapping[str, Any], where: str) -> "Shape":
        """The sizes that a `config.json` gives.

        Raises:
            MissingError: it does not name them.
        """
        try:
            rows = config["vocab_size"] + config["max_position_embeddings"] + config.get("type_vocab_size", 0)
            return cls(
                config["hidden_size"],
                config["num_hidden_layers"],
                config["num_attention_heads"],
                config["intermediate_size"],
                rows,
                str(config.get("model_type")),
            )
        except (KeyError, TypeError) as error:
            fault = "lacks" if isinstance(error, KeyError) else "has a value of the wrong type:"
            raise MissingError(f"config.json {fault} {error}", where, "Take a BERT-like encoder") from error

    @property
    def like_bert(self) -> bool:
        """Whether its layers are BERT's; of another encoder all that is told here is a guess."""
        from mmavk_cli.tagger.encoders.cls_only import FAMILIES

        return self.family in FAMILIES

    @property
    def parameters(self) -> int:
        """Numbers in its weights."""
        layer = 4 * self.width * (self.width + 1) + 2 * self.width * self.inner + self.inner + 5 * self.width
        return self.embeddings * self.width + 2 * self.width + self.layers * layer


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a training takes.

    Attributes:
        weights, gradients, optimizer: float32; the optimizer has two moments, an average counts as weights.
        activations: what is kept for the way back, of one part of an update.
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


def estimate(
    shape: Shape,
    training: TrainingSettings,
    pieces: PieceSettings,
    device: Device,
    visual: int = 0,
    types: int = len(TYPES),
) -> Memory:
    """The memory of a training whose posts and knowledge all have their greatest length.

    Args:
        shape: the encoder's sizes.
        training: how it is trained.
        pieces: how posts and knowledge are cut.
        device: where.
        visual: how many numbers a picture's features have, for the fusion `prefix`.
        types: how many are learned.
    """
    posts = min(training.micro_batch or training.batch_size, training.batch_size)
    tags, width = 1 + 2 * types, shape.width
    numbers = shape.parameters + _head(shape, pieces.fusion, visual) + (width + 1) * tags
    half = training.precision == "bfloat16"
    lengths = [pieces.text_pieces + (pieces.knowledge_pieces if pieces.fusion == "concat" else 0)]
    if pieces.fusion == "word" and not training.freeze_knowledge:
        lengths.append(pieces.knowledge_pieces)
    layers = [_layer(shape, posts, length, half, device) for length in lengths]
    again = training.gradient_checkpointing
    kept = []
    for number, (length, layer) in enumerate(zip(lengths, layers, strict=True)):
        wide = posts * length * width
        whole_last = 4 * wide if again else layer
        # Of knowledge the last layer keeps its input, keys and values: only the first piece's query is asked there.
        last = 12 * wide if number and shape.like_bert else whole_last
        kept.append(_embedded(wide, device) + (shape.layers - 1) * (4 * wide if again else layer) + last)
    top = posts * pieces.text_pieces * (20 * width + 4 * tags * (tags + 2) * 3)  # fusion, logits, CRF
    casts = 2 * (numbers - shape.embeddings * width) if half and not again else 0
    work = max(_work(shape, posts, length, half, device) for length in lengths) + (max(layers) if again else 0)
    fixed = 4 * numbers * (2 if training.averaging else 1) + 8 * numbers
    if training.freeze_knowledge and device == "cpu":  # beside a GPU it waits on the CPU, once all is encoded
        fixed += 4 * shape.parameters
    gradients = 4 * numbers
    whole = sum(kept) + top + casts + work
    added = 4 * shape.embeddings * width  # the gradient of the embeddings is made once a stream, then added
    if posts < training.batch_size:
        peak = fixed + gradients + max(whole, len(lengths) * added)  # beside those of the parts before
    elif len(lengths) > 1:
        peak = fixed + max(whole, kept[0] + gradients, gradients + added)
    else:
        peak = fixed + max(whole, gradients)
    return Memory(fixed - 8 * numbers, gradients, 8 * numbers, sum(kept) + top + casts, peak)


@dataclass(frozen=True, slots=True)
class Working:
    """Bytes that tagging takes: its weights, and with `batch` posts the most at any time."""

    weights: int
    batch: int
    peak: int


def working(shape: Shape, pieces: PieceSettings, batch: int) -> Working:
    """The memory of tagging in float32, of posts and knowledge that all have their greatest length.

    Of a piece, a layer holds at once its input, queries, keys and values, and twice its inner width.
    """
    weights = 4 * (shape.parameters + _head(shape, pieces.fusion, 0))
    longest = max(pieces.text_pieces, pieces.knowledge_pieces)
    return Working(weights, batch, weights + 4 * batch * longest * (4 * shape.width + 2 * shape.inner))


def _head(shape: Shape, fusion: Fusion, visual: int) -> int:
    """Numbers in the weights of a fusion."""
    from mmavk_cli.tagger.fusions.prefix import BOTTLENECK, PREFIXES

    if fusion == "word":
        return 3 * shape.width**2 + 2 * shape.width
    if fusion == "prefix":
        return (visual + 1) * BOTTLENECK + (BOTTLENECK + 1) * shape.layers * 2 * PREFIXES * shape.width
    return 0


def _layer(shape: Shape, posts: int, length: int, half: bool, device: Device) -> int:
    """Bytes that one layer keeps."""
    # Of the width, a piece: float32 keeps its input, queries, keys, values, what attention gives, two inputs and one
    # output of normalisations, 4 bytes each; bfloat16 has the input three times over, in 2 bytes, normalisations in 4.
    wide = {("cuda", False): 32 + 2, ("cuda", True): 24 + 2, ("cpu", False): 32 + 8, ("cpu", True): 30 + 4}
    pieces = posts * length
    attention = 12 * posts * shape.heads * length * length if device == "cpu" else 0
    return pieces * shape.width * wide[device, half] + pieces * shape.inner * (4 if half else 8) + attention


def _embedded(wide: int, device: Device) -> int:
    """Bytes that the embeddings keep: the input of their normalisation, dropout, their output."""
    return wide * (8 + (4 if device == "cpu" else 1))


def _work(shape: Shape, posts: int, length: int, half: bool, device: Device) -> int:
    """Bytes that a layer takes for a moment: the gradients of its widest part, or attention's scores."""
    inner = 2 * posts * length * shape.inner * (2 if half else 4)
    return max(inner, 4 * posts * shape.heads * length * length) if device == "cpu" else inner
