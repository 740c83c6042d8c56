"""What `score` does with posts: pictures and texts seen once, in batches, the next being decoded meanwhile."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from mmavk_cli.base.cores import cores
from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import PictureLimits, decode, read_picture
from mmavk_cli.base.records import BadRow, Counted, Post, Problem, Row
from mmavk_cli.corpus.pictures import picture_of
from mmavk_cli.flows.shared.knowledge.clip_scorer import ClipOfStore
from mmavk_cli.similarity.vectors import cosine, packed, unpacked
from mmavk_cli.store import rows as stored
from mmavk_cli.store.store import Store

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray
    from PIL.Image import Image

    Floats = NDArray[float32]

T = TypeVar("T")

CHUNK = 32
"""Posts that are kept in the store together: what a kill can cost."""


@dataclass(frozen=True, slots=True)
class ScoredPost:
    """A post with the cosine of its text and picture; None where one is missing, or the picture broken (`problem`).

    `picture` is the digest of the picture's bytes; `cut` tells that the text was longer than the model reads.
    """

    post: Post
    similarity: float | None = None
    picture: str | None = None
    cut: bool = False
    problem: Problem | None = None


Outcome = ScoredPost | BadRow


@dataclass(frozen=True, slots=True)
class _Ready:
    """A picture for the model, and the seconds it took."""

    pixels: Any
    decode_s: float
    resize_s: float


@dataclass(slots=True)
class _Chunk:
    """Posts on their way: digests being taken, then pictures being decoded."""

    rows: list[Row]
    digests: "list[Future[str] | None]"
    found: list[Outcome] = field(default_factory=list)
    decoding: "dict[str, Future[_Ready]]" = field(default_factory=dict)


class PictureScorer:
    """Scores posts with one CLIP and one store; for one thread, with threads of its own for pictures.

    Attributes:
        seconds: what was spent, by step; `decode` and `resize` are summed over threads.
        made: `pictures` and `texts` the model saw in this run.
    """

    def __init__(self, store: Store, clip: ClipOfStore, limits: PictureLimits, workers: int, retry: bool) -> None:
        self.store, self.clip, self.limits, self.retry = store, clip, limits, retry
        self.scorer = clip.recipe.id
        self.seconds = dict.fromkeys(("decode", "resize", "pictures", "texts"), 0.0)
        self.made = Counted(dict.fromkeys(("pictures", "texts"), 0))
        self._workers = workers or cores()
        self._in_hand: set[str] = set()

    def scored(self, rows: Iterable[Row]) -> Iterator[Outcome]:
        """A record a row, in order; bad rows pass through. What a chunk came to is in the store before it is given.

        Raises:
            DataError: the store cannot be written. UsageError, MissingError, KnowledgeError: the model, see
            `ClipOfStore`. MemoryShortError: not even one picture fits.
        """
        pool = ThreadPoolExecutor(self._workers)
        try:
            chunks = (self._begun(pool, chunk) for chunk in _chunks(rows))
            looked_up = (self._looked_up(pool, chunk) for chunk in _one_ahead(chunks))
            for chunk in _one_ahead(looked_up):
                yield from self._finished(chunk)
        finally:
            pool.shutdown(cancel_futures=True)

    def _begun(self, pool: ThreadPoolExecutor, rows: list[Row]) -> _Chunk:
        digests = []
        for row in rows:
            image = None if isinstance(row, BadRow) else row.image
            digests.append(pool.submit(_digest, image, self.limits) if image else None)
        return _Chunk(rows, digests)

    def _looked_up(self, pool: ThreadPoolExecutor, chunk: _Chunk) -> _Chunk:
        """Every row as far as the store knows it; what it does not know of a picture is begun."""
        for row, future in zip(chunk.rows, chunk.digests, strict=True):
            if isinstance(row, BadRow):
                chunk.found.append(row)
                continue
            try:
                if future is None:
                    picture_of(row)  # raises where the picture is named by a URL
                    chunk.found.append(ScoredPost(row))
                else:
                    chunk.found.append(self._look_up(pool, chunk, row, future.result()))
            except DataError as error:
                chunk.found.append(ScoredPost(row, problem=error.problem()))
        return chunk

    def _look_up(self, pool: ThreadPoolExecutor, chunk: _Chunk, post: Post, picture: str) -> ScoredPost:
        known = self.store.get_similarity(picture, post.text, self.scorer) if post.text else None
        if known is not None:
            seen = self.store.get_embedding("text", digest(post.text), self.scorer)
            return ScoredPost(post, known, picture, seen is not None and seen.cut)
        seen = self.store.get_embedding("picture", picture, self.scorer)
        if seen is not None and seen.error and not self.retry:
            raise DataError(seen.error, str(post.image), "Fix it and add --retry-failed")
        if (seen is None or seen.error) and picture not in self._in_hand and post.image is not None:
            self._in_hand.add(picture)
            prepare = self.clip.model.prepared  # here, not in a thread: it may load the model
            chunk.decoding[picture] = pool.submit(_ready, post.image, picture, self.limits, prepare)
        return ScoredPost(post, picture=picture)

    def _finished(self, chunk: _Chunk) -> list[Outcome]:
        """The chunk's rows with their scores, kept in the store."""
        new: list[stored.Row] = []
        pictures = self._pictures(chunk, new)
        waiting = [row for row in chunk.found if isinstance(row, ScoredPost) and row.picture and row.similarity is None]
        texts = self._texts([row.post.text for row in waiting if row.post.text], new)
        done = [self._score(row, pictures, texts, new) for row in chunk.found]
        for _ in self.store.put_all(new):
            pass
        self._in_hand -= chunk.decoding.keys()
        return done

    def _pictures(self, chunk: _Chunk, new: list[stored.Row]) -> "dict[str, Floats | str]":
        """Vectors of the pictures that were decoded for this chunk, or what is wrong with them."""
        found: dict[str, Floats | str] = {}
        ready: dict[str, _Ready] = {}
        for picture, future in chunk.decoding.items():
            try:
                ready[picture] = future.result()
            except DataError as error:
                found[picture] = error.what
        began = perf_counter()
        pixels = [one.pixels for one in ready.values()]
        vectors = self.clip.model.pictures(pixels) if ready else ()
        self.seconds["pictures"] += perf_counter() - began
        self.seconds["decode"] += sum(one.decode_s for one in ready.values())
        self.seconds["resize"] += sum(one.resize_s for one in ready.values())
        self.made.add("pictures", len(ready))
        found.update(zip(ready, vectors, strict=True))
        for picture, seen in found.items():
            vector, fault = ("", seen) if isinstance(seen, str) else (packed(seen), None)
            row = stored.EmbeddingRow(of="picture", subject=picture, scorer=self.scorer, vector=vector, error=fault)
            new.append(row)
        return found

    def _texts(self, texts: list[str], new: list[stored.Row]) -> "dict[str, tuple[Floats, bool]]":
        """Vectors of texts, and which were cut: from the store or the model."""
        found: dict[str, tuple[Floats, bool]] = {}
        fresh: list[str] = []
        for text in dict.fromkeys(texts):
            if seen := self.store.get_embedding("text", digest(text), self.scorer):
                found[text] = unpacked(seen.vector), seen.cut
            else:
                fresh.append(text)
        if not fresh:
            return found
        model = self.clip.model  # its loading is counted by itself
        began = perf_counter()
        vectors, cut = model.texts(fresh)
        self.seconds["texts"] += perf_counter() - began
        self.made.add("texts", len(fresh))
        for text, vector, long in zip(fresh, vectors, cut, strict=True):
            found[text] = vector, long
            row = stored.EmbeddingRow(
                of="text", subject=digest(text), scorer=self.scorer, vector=packed(vector), cut=long
            )
            new.append(row)
        return found

    def _score(
        self, row: Outcome, pictures: "dict[str, Floats | str]", texts: "dict[str, tuple[Floats, bool]]",
        new: list[stored.Row],
    ) -> Outcome:  # fmt: skip
        if isinstance(row, BadRow) or row.picture is None or row.similarity is not None:
            return row
        seen = pictures.get(row.picture)
        if seen is None:
            kept = self.store.get_embedding("picture", row.picture, self.scorer)
            seen = "the picture could not be seen" if kept is None else kept.error or unpacked(kept.vector)
        if isinstance(seen, str):
            problem = DataError(seen, str(row.post.image), "Fix it and add --retry-failed").problem()
            return ScoredPost(row.post, picture=row.picture, problem=problem)
        if not row.post.text:
            return row
        vector, long = texts[row.post.text]
        value = cosine(seen, vector)
        text = digest(row.post.text)
        new.append(stored.SimilarityRow(subject=row.picture, text=text, scorer=self.scorer, value=value))
        return ScoredPost(row.post, value, row.picture, long)


def _digest(path: Path, limits: PictureLimits) -> str:
    return read_picture(path, limits).digest


def _ready(path: Path, expected: str, limits: PictureLimits, prepare: "Callable[[Image], Any]") -> _Ready:
    began = perf_counter()
    picture = read_picture(path, limits)
    if picture.digest != expected:
        raise DataError("the picture changed while it was read", str(path), "Run again")
    image = decode(picture, limits)
    decoded = perf_counter()
    pixels = prepare(image)
    return _Ready(pixels, decoded - began, perf_counter() - decoded)


def _chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _one_ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items; each is asked for while the one before it is at work."""
    held: list[T] = []
    for item in items:
        yield from held
        held = [item]
    yield from held
