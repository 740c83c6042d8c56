"""Profiles of `tag`, and what of them holds beside flags and what the model was trained with."""

from dataclasses import dataclass, replace

from mmavk_cli.base.errors import KnowledgeError
from mmavk_cli.base.pictures import PictureLimits
from mmavk_cli.flows.models import own_gate
from mmavk_cli.similarity.clip_source import CLIP, TEXT, ClipSettings, ScorerChoice
from mmavk_cli.similarity.gate import Gate, GateSettings
from mmavk_cli.tagger.checkpoint import SCORER, TaggerConfig


@dataclass(frozen=True, slots=True)
class Profile:
    """A named bundle of settings; each can be set alone by its flag.

    Attributes:
        model: None where `--model` has to name one.
        threshold: for similarities by `scorer`, where the model has no gate of its own.
    """

    model: str | None
    generator: str
    scorer: str
    threshold: float | None = None


PROFILES = {
    "embedded": Profile(model="embedded", generator="ocr", scorer=TEXT),
    "24gb": Profile(model=None, generator="qwen2vl", scorer=CLIP, threshold=0.35),
}


class StagedSettings(ScorerChoice, ClipSettings, PictureLimits):
    """Who scores, and how CLIP and pictures are treated."""


NO_MODEL = (
    "no tagger of that size ships; train one (mmavk train --recipe mmavk --dataset twitter2017 --out RUN) and add "
    "--model RUN"
)


def weighing(
    profile: Profile, wanted: str | None, flags: GateSettings, name: str, config: TaggerConfig
) -> tuple[str, Gate]:
    """Who scores for the model `name`, `text` or `clip`, and the gate for these scores.

    What flags say (`wanted`, `flags`) goes before what the model was trained with, and that before the profile's.

    Raises:
        KnowledgeError: the model's threshold is for similarities by the other scorer. MissingError: its gate is none.
        UsageError: a threshold that only training can find.
    """
    own = own_gate(name, config)
    trained = config.trained.get(SCORER) or (None if own.threshold is None else TEXT)
    scorer = wanted or (CLIP if trained == CLIP else TEXT if trained else profile.scorer)
    if trained and trained != scorer and own.threshold is not None and flags.threshold is None:
        raise other_scorer(f"--scorer {scorer}")
    if trained is None and scorer == profile.scorer:
        own = replace(own, threshold=profile.threshold)
    return scorer, flags.gate(own)


def other_scorer(where: str) -> KnowledgeError:
    """A threshold means nothing for another scorer's similarities."""
    what = "the model's threshold is for similarities by another scorer"
    return KnowledgeError(what, where, "Choose the scorer of its training, or give --threshold")
