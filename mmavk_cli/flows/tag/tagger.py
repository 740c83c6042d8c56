"""A tagger for any number of posts: what the command `tag` stands on, and what Python gets as `mmavk_cli.Tagger`."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, Union

from pydantic import model_validator

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.images import is_url
from mmavk_cli.base.records import BadRow, Counted, Json, Post, Row
from mmavk_cli.base.settings import setting
from mmavk_cli.corpus.fields import own_fields
from mmavk_cli.corpus.jsonl import post_of
from mmavk_cli.corpus.raw import post_from_text
from mmavk_cli.corpus.tokenize import FITTING
from mmavk_cli.flows.shared.models import EMBEDDED, folder_of
from mmavk_cli.flows.shared.options import MODEL
from mmavk_cli.flows.shared.progress import Progress, silent
from mmavk_cli.flows.tag.profile import NO_MODEL, PROFILES, StagedSettings, Weighing, weighing
from mmavk_cli.flows.tag.result import Result
from mmavk_cli.flows.tag.rows import UNREAD, PictureReader, RowTagger, Seen
from mmavk_cli.knowledge.generators.generator import Generator
from mmavk_cli.knowledge.generators.registry import GENERATOR, GeneratorSettings, make_generator
from mmavk_cli.report.predictions_writer import Outcome
from mmavk_cli.similarity.clip_source import CLIP, TEXT
from mmavk_cli.similarity.gate import GateSettings
from mmavk_cli.spans import types_of
from mmavk_cli.tagger.checkpoint import CUT_OTHERWISE, TaggerConfig

if TYPE_CHECKING:
    from PIL.Image import Image

NO_GENERATOR = "none"

Picture: TypeAlias = Union[str, Path, bytes, "Image"]
"""A picture: the path of its file, the file's bytes, or a picture of Pillow."""

Given: TypeAlias = str | tuple[str, Picture | None] | Mapping[str, Any]
"""A post: its text, a text and a picture, or the fields of JSON Lines (docs/formats.md)."""


class TaggerSettings(GateSettings, GeneratorSettings, StagedSettings):
    """Which model tags, and how pictures are read."""

    no_image: bool = setting(False, "Ignore all pictures.", "--no-image")
    profile: Literal["embedded", "24gb"] = setting(
        "embedded",
        "Bundle of a model, a generator and a scorer: `embedded` (what ships, and the text in the picture), or `24gb` "
        "(Qwen2-VL and CLIP, with a --model of your own; 0.35 is the threshold of a model that has none).",
    )
    model: str | None = setting(None, MODEL, here="Or `embedded`, which ships with mmavk. [default: the profile's]")
    generator: str | None = setting(None, GENERATOR, here="Or `none`. [default: the profile's]")
    min_score: float = setting(0.0, "Leave out names with a lower score (a probability).", ge=0, le=1)
    threads: int = setting(0, "CPU threads for the encoder. [default: one per core]", ge=0)

    @model_validator(mode="after")
    def _has_model(self) -> Self:
        if not self.model_name:
            raise ValueError(f"--profile {self.profile}: {NO_MODEL}")
        return self

    @property
    def model_name(self) -> str:
        """The model that holds: the flag's, else the profile's; empty where neither names one."""
        return self.model or PROFILES[self.profile].model or ""

    @property
    def generator_name(self) -> str:
        """The generator that holds; `none` where pictures are ignored."""
        return NO_GENERATOR if self.no_image else self.generator or PROFILES[self.profile].generator


class Tagger:
    """Finds the names in posts, with the help of their pictures. It is loaded once, and then tags any number of them.

    Attributes:
        model: what records call the model.
        types: the types that it finds.
        scorer: the name of what compares posts and pictures.
        generator: what writes about pictures, None where nothing does.
        by_clip: whether CLIP sees the pictures.
    """

    def __init__(self, settings: TaggerSettings, on_progress: Progress = silent) -> None:
        """Load what `settings` name; `Tagger.load` takes the same by name.

        Where CLIP or a large generator sees the pictures, models are loaded in turn as posts come, and `on_progress`
        gets how far they are.

        Raises:
            UsageError: no such generator, or one that the model does not read. MissingError: no such model, or a
            package or weights are not there. KnowledgeError: the model's threshold or features are another scorer's.
        """
        name = settings.model_name
        self._settings, self._config = settings, TaggerConfig.read(folder_of(name))
        weigh = weighing(PROFILES[settings.profile], settings.scorer, settings, name, self._config)
        self.generator = _generator(settings, weigh)
        self.types, self.scorer = types_of(self._config.tags), TEXT
        writes = self.generator is not None
        self.by_clip = (writes and weigh.scorer == CLIP) or (weigh.features and not settings.no_image)
        self._stages = None
        reader = None
        staged = self.by_clip or (self.generator is not None and self.generator.kept)
        if self.generator is not None and not staged:
            reader = PictureReader(self.generator, settings)
        self._rows = RowTagger(name, weigh.gate, reader, settings.threads, settings.device)
        self.model = self._rows.model
        if staged:
            from mmavk_cli.flows.tag.stages import Stages

            self._stages = Stages(self.generator, settings, weigh, on_progress, self._rows.free)
            self.scorer = self._stages.scorer
        else:
            self._rows.predictor  # noqa: B018  (a broken model is told before anything is read)

    @classmethod
    def load(cls, model: str | Path = EMBEDDED, **settings: Any) -> Self:
        """A tagger: `embedded`, which ships with mmavk, a run folder or a model folder.

        `settings` are the options of `mmavk tag` by name (`min_score=0.5`, `generator="none"`, `threads=1`). Neither
        the environment nor the settings file is asked.

        Raises:
            UsageError: no such setting, or a value that it does not take. MissingError: no such model, or it is broken.
            All that `Tagger` raises.
        """
        return cls(TaggerSettings.gather({"model": str(model), **settings}))

    def __call__(self, text: str, image: Picture | None = None) -> Result:
        """The names in one post.

        Raises:
            DataError: the post is empty, or its picture is missing or cannot be read.
            UsageError: `image` is none of a path, bytes and a picture of Pillow.
        """
        (result,) = self.stream([(text, image)])
        if result.problem:
            raise DataError(result.problem.what, result.problem.where, result.problem.do)
        return result

    def stream(self, posts: Iterable[Given]) -> Iterator[Result]:
        """The names in many posts: a result a post, in order, while they are read. Posts are tagged in batches, and no
        more than a batch is held in memory.

        Nothing that is wrong with one post ends the others: its result says so in `problem`.

        Raises:
            UsageError: `posts` is a single one, or something among them is no post.
        """
        if isinstance(posts, str | Mapping):
            raise UsageError("this is one post", "stream", "Give a list of posts, or call the tagger itself")
        pictures: deque[Picture | None] = deque()

        def rows() -> Iterator[Row | Seen]:
            for number, given in enumerate(posts, 1):
                fields, picture = _parts(given, number)
                pictures.append(picture)
                yield self._row(fields, picture, str(number))

        for outcome in self.rows(rows()):
            yield Result(outcome, pictures.popleft(), self.types)

    def rows(self, posts: Iterable[Row | Seen]) -> Iterator[Outcome]:
        """The same for posts that were read already, as the command's records."""
        seen = posts if self._stages is None else self._stages.seen(_unseen(posts))
        return self._rows.tagged(seen, self._settings.min_score)

    def notes(self) -> Iterator[str]:
        """What the model could not read well so far: raw texts cut unlike its training's words, strange scripts."""
        share = self._config.trained.get(CUT_OTHERWISE)
        if self._rows.raw and not self._config.pieces.recut and (share is None or share >= FITTING):
            often = "an unknown share of" if share is None else f"{share:.0%} of"
            yield (
                f"the model was trained on a data set's own words, and mmavk cuts raw text otherwise in {often} those"
                " posts: give the words too (JSON Lines, CoNLL), or expect more wrong names"
            )
        if self._rows.unread:
            scripts = ", ".join(f"{script} in {count:,}" for script, count in self._rows.unread.most_common())
            yield f"{UNREAD}, and few or no names are found there; posts: {scripts}"

    def _row(self, fields: Json, picture: Picture | None, name: str) -> Row | Seen:
        where = f"post {name}"
        file = str(picture) if isinstance(picture, str | Path) and str(picture) else None
        try:
            post = _post(fields | {"image": file}, name, where)
        except DataError as error:
            return BadRow(name, error.problem())
        if picture is None or isinstance(picture, str | Path):
            return post
        if self._stages is not None:
            what = "pictures in memory are read by the text recogniser alone"
            raise UsageError(what, where, "Save the picture and give its path")
        in_memory = picture
        return self._rows.looked_at(post, lambda reader: reader.in_memory(in_memory))


def _parts(given: Given, number: int) -> tuple[Json, Picture | None]:
    """The fields of a post, and its picture.

    Raises:
        UsageError: it is no post, or the picture is none.
    """
    fields: Json
    picture: Any
    match given:
        case str():
            fields, picture = {"text": given}, None
        case (str() as text, picture):
            fields = {"text": text}
        case Mapping():
            fields, picture = {name: value for name, value in given.items() if name != "image"}, given.get("image")
        case _:
            what = f"a {type(given).__name__} is no post"
            raise UsageError(what, f"post {number}", "Give a text, (text, image), or a mapping with 'text'")
    if not (picture is None or isinstance(picture, str | Path | bytes) or _of_pillow(picture)):
        what = f"a {type(picture).__name__} is no picture"
        raise UsageError(what, f"post {number}", "Give a path, the file's bytes, or a picture of Pillow")
    return fields, picture


def _of_pillow(picture: Any) -> bool:
    from PIL.Image import Image

    return isinstance(picture, Image)


def _post(fields: Json, name: str, where: str) -> Post:
    image = fields.get("image")
    if fields.keys() <= {"text", "image"} and isinstance(fields.get("text"), str) and not (image and is_url(image)):
        return post_from_text(fields["text"], name, Path(image) if image else None, where)
    own = own_fields(fields, where, Counted(), {})
    return post_of(own, str(own.get("id") or name), Path(), where)


def _unseen(rows: Iterable[Row | Seen]) -> Iterator[Row]:
    """Rows whose pictures nobody has looked at; where models go in turn, nobody else may."""
    for row in rows:
        yield row.post if isinstance(row, Seen) else row


def _generator(settings: TaggerSettings, weigh: Weighing) -> Generator | None:
    """What writes about pictures, where anything does."""
    if settings.generator_name == NO_GENERATOR:
        return None
    if not weigh.features:
        return make_generator(settings.generator_name, settings)
    if settings.generator is not None:
        what = "the model takes CLIP's features of a picture, and reads no text about it"
        raise UsageError(what, "--generator", "Leave it out")
    return None
