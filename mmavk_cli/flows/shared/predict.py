"""Posts with knowledge → entities in the posts' own words, whatever words the model was trained on."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mmavk_cli.base.records import Knowledge, Post, Tagged
from mmavk_cli.corpus.tokenize import as_trained
from mmavk_cli.flows.shared.progress import Progress, silent
from mmavk_cli.report.metrics.breakdown import tags_of
from mmavk_cli.spans import entity_of, onto

if TYPE_CHECKING:
    from mmavk_cli.tagger.decoders.head import ScoredSpan
    from mmavk_cli.tagger.inference.predictor import Predictor

Pair = tuple[Post, Knowledge | None]


def find(predictor: "Predictor", pairs: Iterable[Pair]) -> "Iterator[list[ScoredSpan]]":
    """The entities of each post, in order; memory holds a read-ahead of a few hundred posts."""
    by_rules = predictor.config.pieces.recut
    waiting: deque[tuple[Post, Post]] = deque()

    def read() -> Iterator[Pair]:
        for post, knowledge in pairs:
            waiting.append((post, as_trained(post, by_rules, predictor.config.fine)))
            yield waiting[-1][1], knowledge

    for found in predictor.stream(read()):
        own, fine = waiting.popleft()
        moved = onto([one.span for one in found], fine.words, own.words)
        yield [replace(one, span=span) for span, one in zip(moved, found, strict=True) if span]


def tag_all(
    predictor: "Predictor",
    name: str,
    posts: Sequence[Post],
    knowledge: Iterable[Knowledge | None],
    on_progress: Progress = silent,
) -> list[Tagged]:
    """The posts with the names a model finds in their own words.

    Args:
        predictor: the model.
        name: what the records call it.
        posts: the posts.
        knowledge: of each post.
        on_progress: gets posts done, and posts in all.
    """
    rows: list[Tagged] = []
    pairs = list(zip(posts, knowledge, strict=True))
    for (post, text), found in zip(pairs, find(predictor, pairs), strict=True):
        rows.append(Tagged(post, tuple(entity_of(post, one.span, one.score) for one in found), text, name))
        on_progress(len(rows), len(posts))
    return rows


def predicted_tags(
    predictor: "Predictor", posts: Sequence[Post], knowledge: Iterable[Knowledge | None], on_progress: Progress = silent
) -> list[list[str]]:
    """IOB2 tags over each post's own words.

    Args:
        predictor: the tagger.
        posts: of one split.
        knowledge: of each post.
        on_progress: is called with the number of posts done.
    """
    return [tags_of(row) for row in tag_all(predictor, "", posts, knowledge, on_progress)]
