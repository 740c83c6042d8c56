"""What each profile takes, stage by stage. Estimates from the models' settings alone: nothing is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from mmavk_cli.base.config import read_toml
from mmavk_cli.base.device import CARD
from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import TYPES, Json
from mmavk_cli.base.settings import Settings
from mmavk_cli.flows.shared.recipes import recipe_file
from mmavk_cli.knowledge.generators.vlm.memory import FIXED, QWEN2_VL_7B, Footprint, read_config
from mmavk_cli.knowledge.generators.vlm.settings import ChatSettings
from mmavk_cli.knowledge.generators.vlm.weights import find_weights
from mmavk_cli.similarity.clip_memory import ClipSize, clip_config
from mmavk_cli.similarity.clip_source import ClipChoice, ClipSettings, clip_source
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings
from mmavk_cli.tagger.training.memory_estimate import RESERVE, Plan, estimate, working

S = TypeVar("S", bound=Settings)

EMBEDDED_PEAK = 300_000_000
"""Bytes: `mmavk tag` of one post with its picture peaks at 265 MB resident (Linux, x86-64)."""

HALF = 2
"""Bytes a number: CLIP on a GPU is float16, a tagger float32."""


class ChainSettings(ChatSettings, ClipChoice):
    """Which models knowledge and similarity come from."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one model of a profile takes, in bytes, estimated: `batch` at `peak`, in the memory that `on` names.

    0 where there is none, or where a model's settings do not tell its size.
    """

    stage: str
    model: str
    on: Literal["cpu", "cuda"]
    weights: int
    cache: int
    batch: int
    peak: int


@dataclass(frozen=True, slots=True)
class Fit:
    """A profile: its stages, one after the other on one device, and their largest `peak`.

    `fits` says whether all do on this machine now: None where there is no such device. `too_large` names those that do
    not, here or on a card of `CARD` bytes.
    """

    profile: str
    stages: tuple[Stage, ...]
    peak: int
    fits: bool | None
    too_large: tuple[str, ...]


def find_fits(settings: ChainSettings, free: int, cards: Sequence[int]) -> list[Fit]:
    """All profiles on a machine with `free` bytes of memory and GPUs with so many bytes free each; models run on the
    first.
    """
    rooms = {"cpu": free, "cuda": min([CARD, *cards[:1]])}
    others = (_similarity(settings), *_tagger())
    profiles = {
        "embedded": (Stage("all of it", "embedded", "cpu", 0, 0, 1, EMBEDDED_PEAK),),
        "24gb": (_knowledge(settings, rooms["cuda"], four_bit=False), *others),
        "24gb --4bit": (_knowledge(settings, rooms["cuda"], four_bit=True), *others),
    }
    return [_fit(name, stages, rooms, bool(cards)) for name, stages in profiles.items()]


def _fit(profile: str, stages: tuple[Stage, ...], rooms: dict[str, int], gpu: bool) -> Fit:
    own = stages[0].on
    too_large = tuple(stage.stage for stage in stages if stage.peak > rooms[stage.on] or not stage.batch)
    here = own == "cpu" or gpu
    return Fit(
        profile,
        stages,
        max(stage.peak for stage in stages),
        not too_large if here else None,
        too_large,
    )


def _knowledge(settings: ChainSettings, room: int, four_bit: bool) -> Stage:
    """The vision-language model with the largest batch that fits: that of its files, else Qwen2-VL-7B."""
    try:
        size = Footprint.of(read_config(find_weights(settings.vlm, settings.revision).folder))
    except (MissingError, KeyError):
        size = Footprint.of(QWEN2_VL_7B)
    asked = settings.visual_tokens, settings.max_new_tokens
    weights, one = size.weights(four_bit), size.picture(*asked)
    left = room - FIXED - weights
    batch = size.batch(left, *asked) if left > one else 0
    peak = FIXED + weights + max(1, batch) * one
    return Stage("knowledge", settings.vlm, "cuda", weights, batch * size.cache(*asked), batch, peak)


def _similarity(settings: ChainSettings) -> Stage:
    batch = ClipSettings().clip_batch
    try:
        source = clip_source(settings)
        size = ClipSize.of(clip_config(source), source.name)
    except MissingError:
        return Stage("similarity", settings.clip, "cuda", 0, 0, batch, 0)
    weights = size.weights(HALF)
    return Stage("similarity", source.name, "cuda", weights, 0, batch, FIXED + weights + size.batch(batch, HALF))


def _tagger() -> tuple[Stage, Stage]:
    """The paper's tagger at work and in training."""
    from mmavk_cli.tagger.inference.predictor import BATCH

    training, pieces = paper_training()
    shape = ENCODERS[training.encoder_kind]().shape(training.encoder)
    works = working(shape, pieces, BATCH)
    learns = estimate(Plan(shape, training, pieces, tag_names(TYPES)), "cuda")
    return (
        Stage("tagging", training.encoder, "cuda", works.weights, 0, works.batch, FIXED + works.peak),
        Stage("training", training.encoder, "cuda", learns.weights, 0, training.batch_size, learns.peak + RESERVE),
    )


def paper_training() -> tuple[TrainingSettings, PieceSettings]:
    """What the recipe `mmavk` trains, and how."""
    paper = read_toml(recipe_file("mmavk"))
    return _own(TrainingSettings, paper), _own(PieceSettings, paper)


def _own(kind: type[S], values: Json) -> S:
    return kind.model_validate({name: value for name, value in values.items() if name in kind.model_fields})
