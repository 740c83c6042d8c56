"""Posts with knowledge → padded arrays. NumPy only: the same batch feeds torch and ONNX Runtime."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmavk_cli.base.records import Knowledge, Word
from mmavk_cli.tagger.pieces import PieceCutter, Pieces

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """A post as the model sees it.

    Attributes:
        pieces: windows and first pieces of its W words.
        knowledge: piece ids of its knowledge, empty for none.
        weight: what the fusion multiplies the knowledge with, in [0, 1].
        tags: gold tag ids, one a word; empty where there are none.
        joined: the knowledge stands behind the words, in their own rows (fusion `concat`).
        visual: features of the picture (fusion `prefix`), empty for none.
        similarity: of post and picture, for a gate that learns.
    """

    pieces: Pieces
    knowledge: tuple[int, ...] = ()
    weight: float = 1.0
    tags: tuple[int, ...] = ()
    joined: bool = False
    visual: tuple[float, ...] = ()
    similarity: float = 0.0

    @classmethod
    def of(
        cls, cutter: PieceCutter, words: Sequence[Word], knowledge: Knowledge | None, tags: tuple[int, ...] = ()
    ) -> "Example":
        """A post's words with what its fusion takes of the knowledge; knowledge of weight 0 is left out."""
        pieces, fusion = cutter.post(words), cutter.settings.fusion
        if knowledge is None or knowledge.weight <= 0 or fusion == "text":
            return cls(pieces, tags=tags)
        if fusion == "prefix":
            return cls(pieces, weight=knowledge.weight, tags=tags, visual=knowledge.visual)
        text = cutter.knowledge(knowledge.text) if knowledge.text else ()
        similarity = knowledge.similarity or 0.0
        return cls(pieces, text, knowledge.weight, tags, joined=fusion == "concat", similarity=similarity)

    @property
    def rows(self) -> tuple[tuple[int, ...], ...]:
        """The rows the encoder reads for the words."""
        if not self.joined or self.weight <= 0:
            return self.pieces.windows
        return tuple((*window, *self.knowledge) for window in self.pieces.windows)

    @property
    def apart(self) -> tuple[int, ...]:
        """The knowledge that is encoded by itself, empty for none."""
        return self.knowledge if self.weight > 0 and not self.joined else ()

    @property
    def length(self) -> tuple[int, int]:
        """Pieces of all its rows, and of its knowledge by itself: posts of like length share a batch."""
        return sum(map(len, self.rows)), len(self.apart)


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded arrays of B posts. R is the number of windows (B, or more with long posts), U of distinct knowledge texts.

    Attributes:
        ids: [R, P] piece ids; mask: [R, P] 1 for pieces, 0 for padding.
        first: [B, W] position of each word's first piece in the flattened [R * P]; word_mask: [B, W].
        knowledge_ids, knowledge_mask: [U, K]; knowledge_of: [B] row of each post's knowledge, -1 for none.
        weight, similarity: [B], weight 0 where there is no knowledge.
        tags: [B, W] gold tag ids, 0 in the padding.
        visual: [B, V] features of the pictures, zeros where there is none; V is 0 where no post has any.
        row_of: [R] the post of each row.
    """

    ids: Ints
    mask: Ints
    first: Ints
    word_mask: npt.NDArray[np.bool_]
    knowledge_ids: Ints
    knowledge_mask: Ints
    knowledge_of: Ints
    weight: Floats
    tags: Ints
    visual: Floats
    similarity: Floats
    row_of: Ints


def collate(examples: Sequence[Example]) -> Batch:
    """One batch of examples, each distinct knowledge text once, those of weight 0 not at all."""
    rows = [example.rows for example in examples]
    ids, mask = padded([row for of_post in rows for row in of_post])
    longest = max((len(example.pieces.first) for example in examples), default=0)
    shape = (len(examples), longest)
    first, tags = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    word_mask = np.zeros(shape, np.bool_)
    row = 0
    for index, example in enumerate(examples):
        count = len(example.pieces.first)
        first[index, :count] = [(row + window) * ids.shape[1] + at for window, at in example.pieces.first]
        word_mask[index, :count] = True
        tags[index, : len(example.tags)] = example.tags
        row += len(rows[index])
    counted = [example.apart for example in examples]
    distinct = {text: number for number, text in enumerate(dict.fromkeys(text for text in counted if text))}
    knowledge_ids, knowledge_mask = padded(list(distinct))
    return Batch(
        ids=ids,
        mask=mask,
        first=first,
        word_mask=word_mask,
        knowledge_ids=knowledge_ids,
        knowledge_mask=knowledge_mask,
        knowledge_of=np.array([distinct[text] if text else -1 for text in counted], np.int64),
        weight=np.array(
            [example.weight if text else 0.0 for example, text in zip(examples, counted, strict=True)], np.float32
        ),
        tags=tags,
        visual=_visual(examples),
        similarity=np.array([example.similarity for example in examples], np.float32),
        row_of=np.repeat(np.arange(len(rows)), [len(of_post) for of_post in rows]),
    )


def _visual(examples: Sequence[Example]) -> Floats:
    width = max((len(example.visual) for example in examples), default=0)
    features = np.zeros((len(examples), width), np.float32)
    for row, example in zip(features, examples, strict=True):
        if example.visual:
            row[:] = example.visual
    return features


def padded(rows: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Rows of pieces as ids and mask [R, P], both 0 behind each row's own."""
    longest = max(map(len, rows), default=0)
    ids = np.zeros((len(rows), longest), np.int64)
    mask = np.zeros((len(rows), longest), np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask
