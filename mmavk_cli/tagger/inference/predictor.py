"""Posts → entities, over any emitter (torch or ONNX Runtime)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np

from mmavk_cli.base.records import Knowledge, Post, Span
from mmavk_cli.spans import line_ranges, strict_spans
from mmavk_cli.tagger.batch import Batch, Example, Floats, collate
from mmavk_cli.tagger.decoders.crf_numpy import Chain, Lengths, best_tags, span_scores
from mmavk_cli.tagger.pieces import PieceCutter

BATCH = 16
MOST_PIECES = 8192
"""A batch ends before it holds more pieces, or posts: this bounds memory where posts are long."""

POOL = 32
"""Posts are batched in groups of `BATCH` of like length, out of `BATCH * POOL` read ahead."""


Lines = Sequence[tuple[int, int]]
"""The words [start, end) of each line of a post."""


class Emitter(Protocol):
    """What turns a batch into emissions."""

    @property
    def chain(self) -> Chain:
        """The CRF's scores."""

    @property
    def device(self) -> str:
        """Where it runs: `cpu`, `cuda:0`."""

    def emissions(self, batch: Batch) -> Floats:
        """Scores of every tag for every word, [B, W, T]."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entity in words with its marginal probability."""

    span: Span
    score: float


class Predictor:
    """Cuts, batches, runs and decodes. One thread; holds no post longer than its batch.

    Attributes:
        fine: how raw text is cut into the words it reads (`TaggerConfig.fine`).
    """

    def __init__(self, emitter: Emitter, cutter: PieceCutter, fine: bool) -> None:
        self.emitter = emitter
        self.cutter = cutter
        self.fine = fine
        self.chain = emitter.chain

    def stream(self, items: Iterable[tuple[Post, Knowledge | None]]) -> Iterator[list[Found]]:
        """The entities of each post, in the order given; `BATCH * POOL` posts are read ahead to batch like lengths."""
        source = iter(items)
        while chunk := list(islice(source, BATCH * POOL)):
            yield from self.predict([post for post, _ in chunk], [knowledge for _, knowledge in chunk])

    def predict(self, posts: Sequence[Post], knowledge: Sequence[Knowledge | None]) -> list[list[Found]]:
        """The entities of each post."""
        examples = [Example.of(self.cutter, post.words, text) for post, text in zip(posts, knowledge, strict=True)]
        order = sorted(range(len(posts)), key=lambda index: examples[index].length)
        results: list[list[Found]] = [[] for _ in posts]
        for chosen in _batches(order, [example.length[0] for example in examples]):
            run = self._run([examples[index] for index in chosen], [line_ranges(posts[index]) for index in chosen])
            for index, found in zip(chosen, run, strict=True):
                results[index] = found
        return results

    def _run(self, examples: Sequence[Example], of_posts: Sequence[Lines]) -> list[list[Found]]:
        batch = collate(examples)
        if not batch.first.shape[1]:
            return [[] for _ in examples]
        emissions, lengths = by_line(self.emitter.emissions(batch), of_posts)
        spans = [strict_spans(tags) for tags in best_tags(self.chain, emissions, lengths)]
        of_lines = zip(spans, span_scores(self.chain, emissions, lengths, spans), strict=True)
        return [
            [
                Found(Span(span.start + start, span.end + start, span.type), score)
                for start, _ in of_post
                for span, score in zip(*next(of_lines), strict=True)
            ]
            for of_post in of_posts
        ]


def by_line(words: Floats, of_posts: Sequence[Lines]) -> tuple[Floats, Lengths]:
    """Emissions of posts [B, W, T] as those of their lines, one after the other, [L, longest line, T], and the lines'
    lengths [L]: the encoder reads the whole post, but no name goes over a line's end.
    """
    rows = [(post, *line) for post, of_post in enumerate(of_posts) for line in of_post]
    lengths = np.array([end - start for _, start, end in rows], np.int64)
    found = np.zeros((len(rows), int(lengths.max()), words.shape[2]), words.dtype)
    for row, (post, start, end) in zip(found, rows, strict=True):
        row[: end - start] = words[post, start:end]
    return found, lengths


class Remembering(Predictor):
    """A predictor that reads a post once for each weight of its knowledge, since its entities hang on nothing else: all
    thresholds of a hard gate cost two passes over the posts. It keeps what it found.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor.emitter, predictor.cutter, predictor.fine)
        self._known: dict[tuple[Post, Knowledge | None], list[Found]] = {}

    def stream(self, items: Iterable[tuple[Post, Knowledge | None]]) -> Iterator[list[Found]]:
        """The entities of each post, in the order given; all posts are read ahead."""
        keys = [(post, text if text and text.weight > 0 else None) for post, text in items]
        fresh = super().stream(dict.fromkeys(key for key in keys if key not in self._known))
        for key in keys:
            if key not in self._known:
                self._known[key] = next(fresh)
            yield self._known[key]


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
