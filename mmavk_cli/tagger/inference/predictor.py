"""Posts → entities, with a model in torch or ONNX Runtime."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from mmavk_cli.base.records import Knowledge, Post
from mmavk_cli.tagger.batch import Batch, Example, Floats, collate
from mmavk_cli.tagger.decoders.head import ScoredSpan, SpanHead
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.pieces import Cutter
from mmavk_cli.tagger.settings import PieceSettings

BATCH = 16
MOST_PIECES = 8192
"""A batch ends before it holds more pieces, or posts: this bounds memory where posts are long."""

POOL = 32
"""Posts are batched in groups of `BATCH` of like length, out of `BATCH * POOL` read ahead."""


class Model(Protocol):
    """What turns a batch into what its decoder searches."""

    @property
    def head(self) -> SpanHead:
        """The decoder."""

    @property
    def device(self) -> str:
        """Where it runs: `cpu`, `cuda:0`."""

    def logits(self, batch: Batch) -> Floats:
        """The decoder's logits, [B, …] or as its layers shape them."""


class Predictor:
    """Cuts, batches, runs and decodes. One thread; holds no post longer than its batch."""

    def __init__(self, model: Model, cutter: Cutter, pieces: PieceSettings) -> None:
        self.model = model
        self.cutter = cutter
        self.pieces = pieces
        self.fusion = FUSIONS[pieces.fusion]()
        self.head = model.head

    def stream(self, items: Iterable[tuple[Post, Knowledge | None]]) -> Iterator[list[ScoredSpan]]:
        """The entities of each post, in the order given; `BATCH * POOL` posts are read ahead to batch like lengths."""
        source = iter(items)
        while chunk := list(islice(source, BATCH * POOL)):
            yield from self.predict([post for post, _ in chunk], [knowledge for _, knowledge in chunk])

    def predict(self, posts: Sequence[Post], knowledge: Sequence[Knowledge | None]) -> list[list[ScoredSpan]]:
        """The entities of each post."""
        pairs = zip(posts, knowledge, strict=True)
        examples = [self.fusion.example(self.cutter, post.words, text) for post, text in pairs]
        order = sorted(range(len(posts)), key=lambda index: examples[index].length)
        results: list[list[ScoredSpan]] = [[] for _ in posts]
        for chosen in _batches(order, [example.length[0] for example in examples]):
            for index, found in zip(chosen, self._run([examples[index] for index in chosen]), strict=True):
                results[index] = found
        return results

    def _run(self, examples: Sequence[Example]) -> list[list[ScoredSpan]]:
        batch = collate(examples)
        if not batch.first.shape[1]:
            return [[] for _ in examples]
        return self.head.spans(self.model.logits(batch), batch.lengths)


def _batches(order: Sequence[int], pieces: Sequence[int]) -> Iterator[list[int]]:
    """The posts in `order`, `BATCH` a batch, fewer where theirs are more than `MOST_PIECES` together."""
    batch: list[int] = []
    held = 0
    for index in order:
        if batch and (len(batch) == BATCH or held + pieces[index] > MOST_PIECES):
            yield batch
            batch, held = [], 0
        batch.append(index)
        held += pieces[index]
    if batch:
        yield batch
