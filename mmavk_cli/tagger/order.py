"""Which posts share a batch, so that little of it is padding."""

from collections.abc import Sequence

from mmavk_cli.tagger.batch import Example

STRETCH = 4
"""Posts of like knowledge are taken in stretches of so many batches, and in each by the length of the words."""


def costs(examples: Sequence[Example], frozen: bool) -> list[tuple[int, int]]:
    """What an update pays for each post, in pieces of (its rows, its knowledge); nothing for frozen knowledge."""
    return [(example.length[0], 0 if frozen else example.length[1]) for example in examples]


def like_lengths(posts: Sequence[int], lengths: Sequence[tuple[int, int]], batch_size: int) -> list[list[int]]:
    """The posts in batches that are even in both streams, knowledge first: it is the longer one."""
    by_knowledge = sorted(posts, key=lambda post: lengths[post][::-1])
    batches: list[list[int]] = []
    for begin in range(0, len(by_knowledge), STRETCH * batch_size):
        stretch = sorted(by_knowledge[begin : begin + STRETCH * batch_size], key=lambda post: lengths[post])
        batches.extend(stretch[at : at + batch_size] for at in range(0, len(stretch), batch_size))
    return batches
