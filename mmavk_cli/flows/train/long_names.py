"""Names that are longer than the decoder can find."""

from collections.abc import Iterator

from mmavk_cli.base.records import Json, Post
from mmavk_cli.corpus.tokenize import as_trained, rules_like
from mmavk_cli.flows.train.corpus import Corpus
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.spans import characters, covering, lenient_spans
from mmavk_cli.tagger.decoders.registry import DECODERS


def long_names(settings: TrainSettings, corpus: Corpus) -> Iterator[Json]:
    """Log lines: how many names of a split are too long, so that none of them is learned or found, and the first."""
    longest = DECODERS[settings.decoder].longest
    if longest is None:
        return
    fine = settings.recut or rules_like(post for post, _ in corpus.train)[0]
    splits = {"train": corpus.train} | {f"{name}/valid": items for name, items in corpus.valid.items()}
    for split, items in splits.items():
        places = [
            place for post, _ in items for place in _places(post, as_trained(post, settings.recut, fine), longest)
        ]
        if places:
            yield {"names_too_long": len(places), "split": split, "most_words": longest, "first": places[0]}


def _places(post: Post, seen: Post, longest: int) -> Iterator[str]:
    """Where the names of more than `longest` words of the post as a model sees it stand in the post as it was read."""
    for span in lenient_spans(seen.tags or ()):
        if span.end - span.start > longest:
            own = covering(*characters(span, seen.words), span.type, post.words)
            yield post.place(own.start) if own else post.where
