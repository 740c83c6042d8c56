"""Posts with knowledge → padded arrays. NumPy only: the same batch feeds torch and ONNX Runtime."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mmavk_cli.base.records import Span, Visual
from mmavk_cli.tagger.pieces import Pieces

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Example:
    """A post as the model sees it; its fusion makes it.

    Attributes:
        pieces: windows and first pieces of its W words.
        knowledge: piece ids of its knowledge, empty for none.
        weight: what the fusion multiplies the knowledge with, in [0, 1].
        gold: the gold spans of its words, for training.
        concatenated: the knowledge is appended to each of the post's rows; otherwise it is encoded by itself.
        visual: features of the picture, None for none.
        similarity: of post and picture, for a gate that learns.
        lines: the words [start, end) of each line, which are decoded one by one; empty for one line.
    """

    pieces: Pieces
    knowledge: tuple[int, ...] = ()
    weight: float = 1.0
    gold: tuple[Span, ...] = ()
    concatenated: bool = False
    visual: Visual | None = None
    similarity: float = 0.0
    lines: tuple[tuple[int, int], ...] = ()

    @property
    def whole_lines(self) -> tuple[tuple[int, int], ...]:
        """The words [start, end) of each line, of which there is at least one."""
        return self.lines or ((0, len(self.pieces.first)),)

    @property
    def rows(self) -> tuple[tuple[int, ...], ...]:
        """The rows the encoder reads for the words."""
        if not self.concatenated or self.weight <= 0:
            return self.pieces.windows
        return tuple((*window, *self.knowledge) for window in self.pieces.windows)

    @property
    def separate_knowledge(self) -> tuple[int, ...]:
        """The knowledge that is encoded by itself, empty for none."""
        return self.knowledge if self.weight > 0 and not self.concatenated else ()

    @property
    def length(self) -> tuple[int, int]:
        """Pieces of all its rows, and of its knowledge by itself: posts of like length share a batch."""
        return sum(map(len, self.rows)), len(self.separate_knowledge)


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded arrays of B posts. R is the number of windows (B, or more with long posts), U of distinct knowledge texts.

    Attributes:
        ids: [R, P] piece ids.
        mask: [R, P] 1 for pieces, 0 for padding.
        row_of: [R] the post of each row.
        first: [B, W] position of each word's first piece in the flattened [R * P].
        lengths: [B] words of each post.
        word_mask: [B, W] true for words, false for padding.
        line_words: [L, W'] position of each line's words in the flattened [B * W], 0 in the padding.
        line_lengths: [L] words of each line; L is B, or more where posts have several lines.
        knowledge_ids: [U, K] piece ids of the texts that are encoded by themselves.
        knowledge_mask: [U, K].
        knowledge_of: [B] row of each post's knowledge, -1 for none.
        weight: [B] 0 where there is no knowledge.
        similarity: [B].
        visual: [B, *shape] features of the pictures, zeros where there is none; [B, 0] where no post has any.
        has_visual: [B] which posts have features.
        gold: the gold spans of each post.
    """

    ids: Ints
    mask: Ints
    row_of: Ints
    first: Ints
    lengths: Ints
    word_mask: Flags
    line_words: Ints
    line_lengths: Ints
    knowledge_ids: Ints
    knowledge_mask: Ints
    knowledge_of: Ints
    weight: Floats
    similarity: Floats
    visual: Floats
    has_visual: Flags
    gold: tuple[tuple[Span, ...], ...]


def collate(examples: Sequence[Example]) -> Batch:
    """One batch of examples, each distinct knowledge text once, those of weight 0 not at all."""
    rows = [example.rows for example in examples]
    ids, mask = padded([row for of_post in rows for row in of_post])
    first, word_mask = _words(examples, [len(of_post) for of_post in rows], ids.shape[1])
    line_words, line_lengths = _lines(examples, first.shape[1])
    texts = [example.separate_knowledge for example in examples]
    distinct: dict[tuple[int, ...], int] = {}
    weights = np.zeros(len(texts), np.float32)
    knowledge_of = np.full(len(texts), -1, np.int64)
    for at, text in enumerate(texts):
        if text:
            weights[at] = examples[at].weight
            knowledge_of[at] = distinct.setdefault(text, len(distinct))
    knowledge_ids, knowledge_mask = padded(list(distinct))
    return Batch(
        ids=ids,
        mask=mask,
        row_of=np.repeat(np.arange(len(rows)), [len(of_post) for of_post in rows]),
        first=first,
        lengths=np.array([len(example.pieces.first) for example in examples], np.int64),
        word_mask=word_mask,
        line_words=line_words,
        line_lengths=line_lengths,
        knowledge_ids=knowledge_ids,
        knowledge_mask=knowledge_mask,
        knowledge_of=knowledge_of,
        weight=weights,
        similarity=np.array([example.similarity for example in examples], np.float32),
        visual=_visual(examples),
        has_visual=np.array([example.visual is not None for example in examples], np.bool_),
        gold=tuple(example.gold for example in examples),
    )


def _words(examples: Sequence[Example], windows: Sequence[int], width: int) -> tuple[Ints, Flags]:
    """Positions of first pieces in the flattened rows, of `width` each, and which are words' [B, W]."""
    longest = max((len(example.pieces.first) for example in examples), default=0)
    first = np.zeros((len(examples), longest), np.int64)
    word_mask = np.zeros((len(examples), longest), np.bool_)
    row = 0
    for index, example in enumerate(examples):
        count = len(example.pieces.first)
        first[index, :count] = [(row + window) * width + at for window, at in example.pieces.first]
        word_mask[index, :count] = True
        row += windows[index]
    return first, word_mask


def _lines(examples: Sequence[Example], width: int) -> tuple[Ints, Ints]:
    """Positions of the lines' words in the flattened posts, of `width` words each, and the lines' lengths."""
    lines = [(post * width + start, end - start) for post, one in enumerate(examples) for start, end in one.whole_lines]
    lengths = np.array([length for _, length in lines], np.int64)
    words = np.zeros((len(lines), int(lengths.max(initial=0))), np.int64)
    for row, (begin, length) in zip(words, lines, strict=True):
        row[:length] = range(begin, begin + length)
    return words, lengths


def _visual(examples: Sequence[Example]) -> Floats:
    shape = next((example.visual.shape for example in examples if example.visual is not None), (0,))
    features = np.zeros((len(examples), *shape), np.float32)
    for row, example in zip(features, examples, strict=True):
        if example.visual is not None:
            row[:] = np.frombuffer(example.visual.data, np.float32).reshape(example.visual.shape)
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
