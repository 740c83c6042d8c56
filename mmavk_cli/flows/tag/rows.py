"""What `tag` does with each post: look at its picture, weigh what is read there, find the names."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from mmavk_cli.base.device import empty_cache
from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import Picture, PictureLimits, decode, read_picture, upright_rgb
from mmavk_cli.base.records import BadRow, Knowledge, Post, Problem, Row, Tagged
from mmavk_cli.corpus.pictures import picture_of
from mmavk_cli.flows.shared.models import folder_of, open_model, scorer_folder, shown_name
from mmavk_cli.flows.shared.predict import find
from mmavk_cli.knowledge.choose import chosen
from mmavk_cli.knowledge.generators.generator import Generator
from mmavk_cli.report.predictions_writer import Outcome
from mmavk_cli.similarity.gate import Gate
from mmavk_cli.spans import entity_of
from mmavk_cli.tagger.checkpoint import TaggerConfig

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmavk_cli.tagger.inference.predictor import Predictor

T = TypeVar("T")

READ_AHEAD = 64
"""Posts that are tagged together at most; what memory holds."""

PATIENCE = 0.5
"""Seconds after which posts are tagged without waiting for more: a picture takes as long, and a pipe may be slow."""

REMEMBERED = 4096
"""Pictures whose text is remembered, the latest seen."""

NO_PICTURE = "no picture"
NOT_LOOKED_AT = "the picture was not looked at"
NOTHING_READ = "nothing to read in the picture"
LEFT_OUT = "tagged without its picture"
LINES_LEFT = "lines of the picture's text that were left out"
IN_MEMORY = "image"
"""What messages call a picture that is no file."""

UNREAD = "words in a script that the model does not read"


def in_chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    """Rows that go on together: the first alone, then up to READ_AHEAD, or what came within PATIENCE."""
    chunk: list[T] = []
    began = float("-inf")
    for row in rows:
        chunk.append(row)
        if len(chunk) == READ_AHEAD or monotonic() - began > PATIENCE:
            yield chunk
            chunk, began = [], monotonic()
    if chunk:
        yield chunk


class PictureReader:
    """What a generator writes about pictures. The same picture, by its bytes, is looked at once."""

    def __init__(self, generator: Generator, limits: PictureLimits) -> None:
        self.generator, self.limits = generator, limits
        self._known: OrderedDict[str, str | Problem] = OrderedDict()

    def text(self, path: Path) -> str:
        """What is written about the picture in a file; empty where there is nothing to say.

        Raises:
            DataError: the picture is missing or broken.
        """
        picture = read_picture(path, self.limits)
        return self._text(picture.digest, str(path), lambda: decode(picture, self.limits))

    def in_memory(self, picture: "bytes | Image") -> str:
        """The same for the bytes of a picture file, or a picture of Pillow.

        Raises:
            DataError: it is broken.
        """
        if isinstance(picture, bytes):
            read = Picture(Path(IN_MEMORY), picture)
            return self._text(read.digest, IN_MEMORY, lambda: decode(read, self.limits))
        pixels = digest(f"{picture.mode} {picture.size} ".encode() + picture.tobytes())
        return self._text(pixels, IN_MEMORY, lambda: upright_rgb(picture))

    def _text(self, key: str, where: str, image: "Callable[[], Image]") -> str:
        if key not in self._known:
            try:
                self._known[key] = self.generator.generate(image())
            except DataError as error:
                self._known[key] = error.problem()  # the error itself would keep the bytes
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        found = self._known[key]
        if isinstance(found, Problem):
            raise DataError(found.what, where, found.do)
        return found


@dataclass(frozen=True, slots=True)
class Seen:
    """A post after its picture was looked at."""

    post: Post
    knowledge: Knowledge | None = None
    notes: tuple[str, ...] = ()
    problem: Problem | None = None


def seen_of(
    post: Post, text: str, recipe: str, unread: Callable[[str], tuple[str, ...]] = lambda _: ()
) -> Seen:  # fmt: skip
    """A post with what of a picture's text says most to it.

    Args:
        post: the post.
        text: all that is written about its picture.
        recipe: what wrote it.
        unread: the scripts of a text that the model does not read.
    """
    kept, left = chosen(text, post.text, unread)
    notes = (f"{LINES_LEFT}: {left}",) if left else ()
    return Seen(post, Knowledge(kept, recipe) if kept else None, notes)


class TextWeigher:
    """Gives knowledge the weight of its similarity to the post, by the text scorer and a gate."""

    def __init__(self, gate: Gate) -> None:
        from mmavk_cli.similarity.text_scorer import TextScorer

        self._gate, self._scorer = gate, TextScorer.load(scorer_folder())

    def __call__(self, seen: Seen) -> Seen:
        """The post with its knowledge weighed."""
        if seen.knowledge is None:
            return seen
        similarity = self._scorer.score([seen.post.text], [seen.knowledge.text])[0]
        weight = self._gate.weight(similarity)
        knowledge = replace(seen.knowledge, similarity=similarity, weight=weight, scorer=self._scorer.id)
        return replace(seen, knowledge=knowledge)


class RowTagger:
    """One model and one generator for any number of posts; model and text scorer are loaded when they are first needed.

    Attributes:
        model: what output records call the model.
        unread: posts with words in a script that the model does not read, by script.
        raw: posts whose words were not given.
    """

    def __init__(
        self, name: str, gate: Gate, reader: PictureReader | None = None, threads: int = 0, device: str = "auto"
    ) -> None:
        """Take the model `name`, whose gate is `gate`; without a `reader` no picture is looked at.

        Raises:
            MissingError: there is no such model.
        """
        self.model = shown_name(name, TaggerConfig.read(folder_of(name)))
        self.gate, self.reader = gate, reader
        self.unread: Counter[str] = Counter()
        self.raw = 0
        self._name, self._threads, self._device = name, threads, device

    @cached_property
    def predictor(self) -> "Predictor":
        """The loaded model.

        Raises:
            MissingError: a file of it is absent or broken.
        """
        return open_model(self._name, self._threads, self._device)[0]

    def free(self) -> None:
        """Let go of the model and give its memory back; it is loaded again where it is asked for."""
        self.__dict__.pop("predictor", None)
        empty_cache()

    def tagged(self, rows: Iterable[Row | Seen], min_score: float) -> Iterator[Outcome]:
        """A record a row, in order; bad rows pass through. Names under `min_score` are left out.

        A post whose picture was looked at before is taken as it was seen.
        """
        for chunk in in_chunks(self._all_seen(rows)):
            pairs = [(seen.post, seen.knowledge) for seen in chunk if isinstance(seen, Seen)]
            found = find(self.predictor, pairs)
            for seen in chunk:
                if isinstance(seen, BadRow):
                    yield seen
                else:
                    names = tuple(
                        entity_of(seen.post, one.span, one.score) for one in next(found) if one.score >= min_score
                    )
                    self.raw += seen.post.raw
                    notes = (*seen.notes, *self._scripts(seen.post))
                    yield Tagged(seen.post, names, seen.knowledge, self.model, notes, seen.problem)
            del found  # it holds the model, and the next rows may need its place

    def _scripts(self, post: Post) -> Iterator[str]:
        scripts = self.predictor.cutter.unread(post.text)
        if scripts:
            self.unread.update(scripts)
            yield f"{UNREAD}: {', '.join(scripts)}"

    def _all_seen(self, rows: Iterable[Row | Seen]) -> Iterator[Seen | BadRow]:
        for row in rows:
            yield self._seen(row) if isinstance(row, Post) else row

    def _seen(self, post: Post) -> Seen:
        if post.image is None and post.image_url is None:
            return Seen(post, notes=(NO_PICTURE,))

        def read(reader: PictureReader) -> str:
            picture = picture_of(post)
            return reader.text(picture) if picture else ""

        return self.looked_at(post, read)

    def looked_at(self, post: Post, read: Callable[[PictureReader], str]) -> Seen:
        """A post with the weighed knowledge that `read` gets of its picture."""
        if self.reader is None:
            return Seen(post, notes=(NOT_LOOKED_AT,))
        try:
            text = read(self.reader)
        except DataError as error:
            return Seen(post, notes=(LEFT_OUT,), problem=error.problem())
        if not text:
            return Seen(post, notes=(NOTHING_READ,))
        return self._weigh(seen_of(post, text, self.reader.generator.recipe.id, self.predictor.cutter.unread))

    @cached_property
    def _weigh(self) -> "TextWeigher":
        return TextWeigher(self.gate)
