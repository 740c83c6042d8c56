"""A predictor that keeps what it found."""

from collections.abc import Iterable, Iterator

from mmavk_cli.base.records import Knowledge, Post
from mmavk_cli.tagger.decoders.head import ScoredSpan
from mmavk_cli.tagger.inference.predictor import Predictor


class CachedPredictor(Predictor):
    """Reads a post once for each weight of its knowledge, because its entities depend on nothing else: all thresholds
    of a hard gate cost two passes over the posts.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor.model, predictor.cutter, predictor.config)
        self._known: dict[tuple[Post, Knowledge | None], list[ScoredSpan]] = {}

    def stream(self, items: Iterable[tuple[Post, Knowledge | None]]) -> Iterator[list[ScoredSpan]]:
        """The entities of each post, in the order given; all posts are read ahead."""
        keys = []
        for post, text in items:
            read = text if text and text.weight > 0 else None
            keys.append((post, read))
        fresh = super().stream(dict.fromkeys(key for key in keys if key not in self._known))
        for key in keys:
            if key not in self._known:
                self._known[key] = next(fresh)
            yield self._known[key]
