"""Posts → entities, with a model in torch or ONNX Runtime."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol

from mmavk_cli.base.records import Knowledge, Post, Span
from mmavk_cli.spans import line_ranges
from mmavk_cli.tagger.batch import Batch, Example, Floats, collate
from mmavk_cli.tagger.checkpoint import TaggerConfig
from mmavk_cli.tagger.decoders.head import ScoredSpan, SpanHead
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.pieces import Cutter

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

    def __init__(self, model: Model, cutter: Cutter, config: TaggerConfig) -> None:
        self.model = model
        self.cutter = cutter
        self.config = config
        self.fusion = FUSIONS[config.pieces.fusion]()
        self.head = model.head

    def stream(self, items: Iterable[tuple[Post, Knowledge | None]]) -> Iterator[list[ScoredSpan]]:
        """The entities of each post, in the order given; `BATCH * POOL` posts are read ahead to batch like lengths."""
        source = iter(items)
        while chunk := list(islice(source, BATCH * POOL)):
            posts = [post for post, _ in chunk]
            yield from self.predict(posts, [knowledge for _, knowledge in chunk])

    def predict(self, posts: Sequence[Post], knowledge: Sequence[Knowledge | None]) -> list[list[ScoredSpan]]:
        """The entities of each post. The encoder reads the whole post, but none crosses a line's end."""
        examples = [self._example(post, text) for post, text in zip(posts, knowledge, strict=True)]
        order = sorted(range(len(posts)), key=lambda index: examples[index].length)
        results: list[list[ScoredSpan]] = [[] for _ in posts]
        for chosen in _batches(order, [example.length[0] for example in examples]):
            for index, found in zip(chosen, self._run([examples[index] for index in chosen]), strict=True):
                results[index] = found
        return results

    def _example(self, post: Post, knowledge: Knowledge | None) -> Example:
        made = self.fusion.example(self.cutter, post.words, knowledge)
        return replace(made, lines=tuple(line_ranges(post)))

    def _run(self, examples: Sequence[Example]) -> list[list[ScoredSpan]]:
        batch = collate(examples)
        if not batch.first.shape[1]:
            return [[] for _ in examples]
        of_lines = iter(self.head.spans(self.model.logits(batch), batch.line_lengths))
        return [
            [_moved(one, start) for start, _ in example.whole_lines for one in next(of_lines)] for example in examples
        ]


def _moved(found: ScoredSpan, start: int) -> ScoredSpan:
    """An entity of a line as one of the post, whose word `start` is the line's first."""
    span = found.span
    return ScoredSpan(Span(span.start + start, span.end + start, span.type), found.score)


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
