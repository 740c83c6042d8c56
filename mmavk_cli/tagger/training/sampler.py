"""Which posts share an update, in which order, and what of them is hidden."""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from torch.utils.data import Sampler

from mmavk_cli.base.records import Json
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.settings import TrainingSettings

POOL = 50
"""Batches are cut from groups of `POOL * batch_size` posts, so that no two epochs have the same ones."""

STRETCH = 4
"""Posts of like knowledge are taken in stretches of so many batches, and in each by the length of the words."""


def costs(examples: Sequence[Example], frozen: bool) -> list[tuple[int, int]]:
    """What an update pays for each post, in pieces of (its rows, its knowledge); nothing for frozen knowledge."""
    lengths = [example.length for example in examples]
    if not frozen:
        return lengths
    return [(rows, 0) for rows, _ in lengths]


def like_lengths(posts: Sequence[int], lengths: Sequence[tuple[int, int]], batch_size: int) -> list[list[int]]:
    """The posts in batches that are even in both streams, knowledge first: it is the longer one."""
    by_knowledge = sorted(posts, key=lambda post: lengths[post][::-1])
    batches: list[list[int]] = []
    for begin in range(0, len(by_knowledge), STRETCH * batch_size):
        stretch = sorted(by_knowledge[begin : begin + STRETCH * batch_size], key=lambda post: lengths[post])
        batches.extend(stretch[at : at + batch_size] for at in range(0, len(stretch), batch_size))
    return batches


class LengthSampler(Sampler[list[int]]):
    """Shuffled batches of posts of like length; another order in every `epoch`, the same for the same seed."""

    def __init__(self, lengths: Sequence[tuple[int, int]], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed, self.epoch = lengths, batch_size, seed, 0

    def __len__(self) -> int:
        return math.ceil(len(self.lengths) / self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        chance = random.Random(f"{self.seed} {self.epoch}")  # noqa: S311
        order = list(range(len(self.lengths)))
        chance.shuffle(order)
        batches: list[list[int]] = []
        for begin in range(0, len(order), POOL * self.batch_size):
            pool = order[begin : begin + POOL * self.batch_size]
            batches.extend(like_lengths(pool, self.lengths, self.batch_size))
        chance.shuffle(batches)
        return iter(batches)


class Noise:
    """Hides the knowledge of a share of the posts and a share of the words.

    The model learns to do without a picture, and to read a name from what stands around it. With several processes
    each draws for all posts of the update and keeps its own share of them, so that all draw the same.
    """

    def __init__(self, settings: TrainingSettings, unknown: int, process: int = 0, processes: int = 1) -> None:
        self.settings, self.unknown = settings, unknown
        self.process, self.processes = process, processes
        self.chance = random.Random(settings.seed)  # noqa: S311

    def __call__(self, examples: Sequence[Example]) -> Json:
        """The `examples` of this process, and how many `posts` the whole update has."""
        noisy = [self._noisy(example) for example in examples]
        return {"examples": noisy[self.process :: self.processes], "posts": len(noisy)}

    def state(self) -> Json:
        """The state of the random number generator, as JSON."""
        version, numbers, gauss = self.chance.getstate()
        return {"version": version, "numbers": list(numbers), "gauss": gauss}

    def restore(self, state: Json) -> None:
        """Continue with the random numbers from `state` on."""
        self.chance.setstate((state["version"], tuple(state["numbers"]), state["gauss"]))

    def _noisy(self, example: Example) -> Example:
        hidden = self.chance.random() < self.settings.knowledge_dropout
        words = [at for at in range(len(example.pieces.first)) if self.chance.random() < self.settings.word_dropout]
        pieces = example.pieces.without(words, self.unknown) if words else example.pieces
        if hidden:
            return replace(example, pieces=pieces, knowledge=(), visual=None)
        return replace(example, pieces=pieces)
