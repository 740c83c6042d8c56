"""Right, spurious and missed names a post: all that precision, recall and F1 of any group of names are made of."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from mmavk_cli.base.records import Post, Span

Spans = Sequence[Sequence[Span]]
"""The names of each post."""

SEEN, UNSEEN = "seen", "unseen"
PICTURE, NO_PICTURE = "picture", "no picture"


class Count(NamedTuple):
    """Names of one post: found and right, found but not in the gold, in the gold but not found."""

    right: int
    spurious: int
    missed: int


def count(gold: Spans, found: Spans, kept: Callable[[int, Span], bool] = lambda _post, _span: True) -> list[Count]:
    """One count a post, over the names for which `kept(number of the post, span)` holds, in gold and found alike."""
    counts = []
    for number, pair in enumerate(zip(gold, found, strict=True)):
        true = {span for span in pair[0] if kept(number, span)}
        made = {span for span in pair[1] if kept(number, span)}
        right = len(true & made)
        counts.append(Count(right, len(made) - right, len(true) - right))
    return counts


def surface(post: Post, span: Span) -> str:
    """The name as it is looked up among the seen ones: its words with single spaces, in small letters."""
    return " ".join(word.text for word in post.words[span.start : span.end]).lower()


def by_group(
    posts: Sequence[Post], gold: Spans, found: Spans, seen: frozenset[str] | None, real: Sequence[bool] | None
) -> dict[str, list[Count]]:
    """Counts of names whose surface form is among `seen` or not, and of posts with a real picture (`real[i]`) or not.

    What is None is left out: it is not known.

    Args:
        posts: with their words.
        gold: spans of each post.
        found: spans of each post.
        seen: surface forms seen in training; None: not known.
        real: whether each post has a real picture; None: not known.
    """
    groups = {}
    if seen is not None:
        groups[SEEN] = count(gold, found, lambda post, span: surface(posts[post], span) in seen)
        groups[UNSEEN] = count(gold, found, lambda post, span: surface(posts[post], span) not in seen)
    if real is not None:
        groups[PICTURE] = count(gold, found, lambda post, _span: real[post])
        groups[NO_PICTURE] = count(gold, found, lambda post, _span: not real[post])
    return groups
