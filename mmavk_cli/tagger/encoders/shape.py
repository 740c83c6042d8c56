"""Sizes of an encoder and what they take of memory, from its config alone.

What is counted is what autograd keeps of a BERT-like layer: the inputs of its linear layers, queries, keys and values,
the inputs of GELU and of both layer normalisations, the masks of dropout. On a GPU the attention of torch keeps no
matrix of pieces times pieces; on a CPU it keeps three (softmax, dropout's noise, their product) in float32.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mmavk_cli.base.errors import MissingError

Device = Literal["cpu", "cuda"]

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
"""Sizes of encoders whose memory is known without their files, by the last part of their id."""

WIDE_BYTES = {("cuda", False): 34, ("cuda", True): 26, ("cpu", False): 40, ("cpu", True): 34}
"""Bytes that a BERT layer keeps for each number of a piece's vector, by device and whether it computes in bfloat16.

In float32: the layer's input, queries, keys, values, attention's output, two inputs and one output of normalisations,
4 bytes each. In bfloat16 the input three times over in 2 bytes, and normalisations in 4. The rest are dropout's masks,
1 byte a number on a GPU and 4 on a CPU.
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How a training computes: in `half` precision (bfloat16), with `recompute`d layers, on which device."""

    half: bool
    recompute: bool
    device: Device


class EncoderShape(ABC):
    """Sizes of an encoder.

    Attributes:
        width: numbers in a vector, D.
        depth: layers.
        parameters: numbers in its weights.
        embedded: those of them in the tables of embeddings.
        doubt: why an estimate from these sizes may be far off; empty where nothing speaks against it.
    """

    width: int
    depth: int

    @property
    @abstractmethod
    def parameters(self) -> int:
        """Numbers in its weights."""

    @property
    @abstractmethod
    def embedded(self) -> int:
        """Numbers in the tables of embeddings."""

    @property
    def doubt(self) -> str:
        """Why an estimate may be far off."""
        return ""

    @abstractmethod
    def kept(self, rows: int, pieces: int, way: Way, pooled: bool) -> int:
        """Bytes that autograd keeps of reading rows.

        Args:
            rows: how many.
            pieces: of each row.
            way: how it is trained.
            pooled: one vector a row is asked for, not one a piece.
        """

    @abstractmethod
    def work(self, rows: int, pieces: int, way: Way) -> int:
        """Bytes that are held for a moment on the way forward or back."""

    @abstractmethod
    def at_work(self, rows: int, pieces: int) -> int:
        """Bytes that tagging holds at once beside the weights, in float32."""


@dataclass(frozen=True, slots=True)
class Shape(EncoderShape):
    """Sizes of a BERT-like encoder: heads of attention, inner width, rows of embeddings, transformers' family name."""

    width: int
    depth: int
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
        """Whether its layers are BERT's; for another encoder everything estimated here is a guess."""
        from mmavk_cli.tagger.encoders.cls_only import FAMILIES

        return self.family in FAMILIES

    @property
    def doubt(self) -> str:
        """Another encoder than BERT's kind is counted as if it were one."""
        return "" if self.like_bert else f"counted as if {self.family} were built like BERT: the numbers may be far off"

    @property
    def parameters(self) -> int:
        """Numbers in its weights."""
        layer = 4 * self.width * (self.width + 1) + 2 * self.width * self.inner + self.inner + 5 * self.width
        return self.embedded + 2 * self.width + self.depth * layer

    @property
    def embedded(self) -> int:
        """Numbers in the tables of pieces, positions and segments."""
        return self.embeddings * self.width

    def kept(self, rows: int, pieces: int, way: Way, pooled: bool) -> int:
        """Embeddings, then a layer after the other; of one that is recomputed only its input is kept.

        Args:
            rows: how many.
            pieces: of each row.
            way: how it is trained.
            pooled: one vector a row is asked for, not one a piece.
        """
        wide = rows * pieces * self.width
        layer = 4 * wide if way.recompute else self._layer(rows, pieces, way)
        # For pooled vectors the last layer keeps its input, keys and values: one piece's query is asked there.
        last = 12 * wide if pooled and self.like_bert else layer
        # Embeddings: the input of their normalisation, dropout, their output.
        embedded = wide * (8 + (4 if way.device == "cpu" else 1))
        return embedded + (self.depth - 1) * layer + last

    def work(self, rows: int, pieces: int, way: Way) -> int:
        """The gradients of a layer's widest part, or attention's scores; the whole layer where it is recomputed."""
        inner = 2 * rows * pieces * self.inner * (2 if way.half else 4)
        scores = 4 * rows * self.heads * pieces * pieces if way.device == "cpu" else 0
        return max(inner, scores) + (self._layer(rows, pieces, way) if way.recompute else 0)

    def at_work(self, rows: int, pieces: int) -> int:
        """Of a piece, a layer holds at once its input, queries, keys and values, and twice its inner width."""
        return 4 * rows * pieces * (4 * self.width + 2 * self.inner)

    def _layer(self, rows: int, pieces: int, way: Way) -> int:
        """Bytes that one layer keeps."""
        wide = self.width * WIDE_BYTES[way.device, way.half]
        inner = self.inner * (4 if way.half else 8)
        attention = 12 * rows * self.heads * pieces * pieces if way.device == "cpu" else 0
        return rows * pieces * (wide + inner) + attention
