"""Posts with knowledge → entities in the posts' own words, whatever words the model was trained on."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from mmavk_cli.base.records import Knowledge, Post
from mmavk_cli.corpus.tokenize import recut
from mmavk_cli.spans import to_sources

if TYPE_CHECKING:
    from mmavk_cli.tagger.decoders.decoder import ScoredSpan
    from mmavk_cli.tagger.inference.predictor import Predictor

Pair = tuple[Post, Knowledge | None]


def find(predictor: "Predictor", pairs: Iterable[Pair]) -> "Iterator[list[ScoredSpan]]":
    """The entities of each post, in order; memory holds a read-ahead of a few hundred posts."""
    if not predictor.cutter.settings.recut:
        yield from predictor.stream(pairs)
        return
    waiting: list[Post] = []

    def as_trained() -> Iterator[Pair]:
        for post, knowledge in pairs:
            waiting.append(recut(post))
            yield waiting[-1], knowledge

    for found in predictor.stream(as_trained()):
        sources = waiting.pop(0).sources
        moved = to_sources([one.span for one in found], sources)
        yield [replace(one, span=span) for span, one in zip(moved, found, strict=True) if span]
