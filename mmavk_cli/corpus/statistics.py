"""Counts of a split: posts, words, and entities under each counting rule."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from mmavk_cli.base.records import Post
from mmavk_cli.spans import adaseq_spans, lenient_spans, listed, strict_spans


@dataclass(slots=True)
class Survey:
    """Totals of one split. `strict` counts entities a type in strict IOB2, `lenient` by the conlleval rule,
    `adaseq` as AdaSeq's reader does.
    """

    tweets: int = 0
    words: int = 0
    strict: Counter[str] = field(default_factory=Counter[str])
    lenient: Counter[str] = field(default_factory=Counter[str])
    adaseq: Counter[str] = field(default_factory=Counter[str])

    def types(self) -> tuple[str, ...]:
        """The types that were met, the paper's four first and together."""
        return listed(self.lenient)


def survey(posts: Iterable[Post]) -> Survey:
    """Count the posts, their words and their entities."""
    totals = Survey()
    for post in posts:
        totals.tweets += 1
        totals.words += len(post.words)
        totals.strict.update(span.type for span in strict_spans(post.tags or ()))
        totals.lenient.update(span.type for span in lenient_spans(post.tags or ()))
        totals.adaseq.update(span.type for span in adaseq_spans(post.tags or ()))
    return totals
