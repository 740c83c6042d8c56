"""Posts with knowledge → padded arrays. NumPy only: the same batch feeds torch and ONNX Runtime."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmavk_cli.tagger.pieces import Pieces

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
    """

    pieces: Pieces
    knowledge: tuple[int, ...] = ()
    weight: float = 1.0
    tags: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded arrays of B posts. R is the number of windows (B, or more with long posts), U of distinct knowledge texts.

    Attributes:
        ids: [R, P] piece ids; mask: [R, P] 1 for pieces, 0 for padding.
        first: [B, W] position of each word's first piece in the flattened [R * P]; word_mask: [B, W].
        knowledge_ids, knowledge_mask: [U, K]; knowledge_of: [B] row of each post's knowledge, -1 for none.
        weight: [B], 0 where there is no knowledge.
        tags: [B, W] gold tag ids, 0 in the padding.
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


def collate(examples: Sequence[Example], padding: int = 0) -> Batch:
    """One batch of examples, each distinct knowledge text once, those of weight 0 not at all."""
    ids, mask = _padded([window for example in examples for window in example.pieces.windows], padding)
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
        row += len(example.pieces.windows)
    counted = [example.knowledge if example.knowledge and example.weight > 0 else None for example in examples]
    distinct = {text: number for number, text in enumerate(dict.fromkeys(text for text in counted if text))}
    knowledge_ids, knowledge_mask = _padded(list(distinct), padding)
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
    )


def _padded(rows: Sequence[Sequence[int]], padding: int) -> tuple[Ints, Ints]:
    longest = max(map(len, rows), default=0)
    ids = np.full((len(rows), longest), padding, np.int64)
    mask = np.zeros((len(rows), longest), np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask
