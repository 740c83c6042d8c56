"""The spans that the span decoder chooses from, and the choice. NumPy only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmavk_cli.tagger.batch import Ints


@dataclass(frozen=True, slots=True)
class Candidates:
    """All spans of a batch up to a length, by post, then start, then end; each array is [S].

    Attributes:
        post: number of the post.
        start: first word.
        end: word after the last.
    """

    post: Ints
    start: Ints
    end: Ints


def candidates(lengths: Ints, longest: int) -> Candidates:
    """The spans of at most `longest` words of posts of `lengths` [B] words; none reaches into the padding."""
    posts = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.arange(len(posts)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    room = np.minimum(lengths[posts] - starts, longest)  # spans that begin at each word
    sizes = np.arange(int(room.sum())) - np.repeat(np.cumsum(room) - room, room) + 1
    start = np.repeat(starts, room)
    return Candidates(np.repeat(posts, room), start, start + sizes)


def without_overlap(spans: Sequence[tuple[int, int]], scores: Sequence[float]) -> list[int]:
    """Numbers of the spans that are taken, best score first, each unless it overlaps one taken before; in text order.

    Of equal scores the earlier in the list is taken.
    """
    taken: list[int] = []
    covered: set[int] = set()
    for number in sorted(range(len(spans)), key=lambda one: -scores[one]):
        words = range(*spans[number])
        if covered.isdisjoint(words):
            covered.update(words)
            taken.append(number)
    return sorted(taken, key=lambda one: spans[one])
