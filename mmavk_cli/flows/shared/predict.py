"""Posts with knowledge → entities in the posts' own words, whatever words the model was trained on."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mmavk_cli.base.records import Knowledge, Post
from mmavk_cli.corpus.tokenize import as_trained
from mmavk_cli.spans import onto

if TYPE_CHECKING:
    from mmavk_cli.tagger.inference.predictor import Found, Predictor

Pair = tuple[Post, Knowledge | None]


def find(predictor: "Predictor", pairs: Iterable[Pair]) -> "Iterator[list[Found]]":
    """The entities of each post, in order; memory holds a read-ahead of a few hundred posts."""
    by_rules = predictor.cutter.settings.recut
    waiting: deque[tuple[Post, Post]] = deque()

    def read() -> Iterator[Pair]:
        for post, knowledge in pairs:
            waiting.append((post, as_trained(post, by_rules, predictor.fine)))
            yield waiting[-1][1], knowledge

    for found in predictor.stream(read()):
        own, fine = waiting.popleft()
        moved = onto([one.span for one in found], fine.words, own.words)
        yield [replace(one, span=span) for span, one in zip(moved, found, strict=True) if span]
