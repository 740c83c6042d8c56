"""What comes out of a decoder, and what is to come out: spans of words. NumPy only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmavk_cli.base.records import Span
from mmavk_cli.spans import spans_to_tags
from mmavk_cli.tagger.batch import Floats, Ints

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


MakeHead = Callable[[Mapping[str, Floats]], SpanHead]
"""Tensors of a decoder's layers, by name → the decoder at work."""


def tag_ids(gold: Gold, lengths: Ints, tags: Sequence[str]) -> Ints:
    """The gold spans as tag ids [B, W], 0 (`O`) in the padding; W is the longest length."""
    known = {tag: number for number, tag in enumerate(tags)}
    ids = np.zeros((len(lengths), int(lengths.max(initial=0))), np.int64)
    for row, spans, length in zip(ids, gold, lengths, strict=True):
        row[:length] = [known[tag] for tag in spans_to_tags(spans, int(length))]
    return ids
