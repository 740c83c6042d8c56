"""Profiles of `tag`, and what of them holds beside flags and what the model was trained with."""

from dataclasses import dataclass, replace

from mmavk_cli.base.errors import KnowledgeError
from mmavk_cli.base.images import PictureLimits
from mmavk_cli.flows.shared.models import own_gate
from mmavk_cli.similarity.clip_source import CLIP, TEXT, ClipSettings, ScorerChoice, check_for_pictures
from mmavk_cli.similarity.gate import Gate, GateSettings
from mmavk_cli.tagger.checkpoint import RECIPES, SCORER, SCORER_ID, TaggerConfig
from mmavk_cli.tagger.fusions.registry import FUSIONS


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


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a model takes of a picture, and how much that counts.

    Attributes:
        scorer: `text` or `clip`.
        gate: for that scorer's similarities.
        trained: the id of the scorer that the gate is for, or whose features the model takes; None: any will do.
        features: it takes features of the picture, and no text about it.
    """

    scorer: str
    gate: Gate
    trained: str | None
    features: bool

    def check(self, scorer: str) -> None:
        """The CLIP of that id is the one the model was trained with.

        Raises:
            KnowledgeError: it is another.
        """
        if self.trained not in (None, scorer):
            what = "the model was trained with another CLIP's features of pictures"
            advice = "Choose the CLIP of its training"
            where = "--clip, --clip-precision"
            raise KnowledgeError(what, where, advice) if self.features else other_scorer(where)


def weighing(profile: Profile, wanted: str | None, flags: GateSettings, name: str, config: TaggerConfig) -> Weighing:
    """How pictures are weighed for the model `name`.

    What flags say (`wanted`, `flags`) goes before what the model was trained with, and that before the profile's.

    Args:
        profile: the defaults.
        wanted: scorer of the flag, or None.
        flags: the gate's flags.
        name: of the model.
        config: its checkpoint.

    Raises:
        KnowledgeError: the model's threshold is for similarities by the other scorer. MissingError: its gate is none.
        UsageError: a threshold that only training can find; the text scorer, where there is no text to compare.
    """
    own = own_gate(name, config)
    features = "image" in FUSIONS[config.pieces.fusion].reads
    if features:
        check_for_pictures(wanted)
    trained = config.trained.get(SCORER) or (None if own.threshold is None else TEXT)
    scorer = wanted or profile.scorer
    if features:
        scorer = CLIP
    elif trained and not wanted:
        scorer = CLIP if trained == CLIP else TEXT
    if trained and trained != scorer and own.threshold is not None and flags.threshold is None:
        raise other_scorer(f"--scorer {scorer}")
    if trained is None and scorer == profile.scorer and not features:
        own = replace(own, threshold=profile.threshold)
    made_by = config.trained.get(SCORER_ID) if flags.threshold is None else None
    if features:
        made_by = next(iter(config.trained.get(RECIPES, ())), None)
    return Weighing(scorer, flags.gate(own), made_by, features)


def other_scorer(where: str) -> KnowledgeError:
    """A threshold means nothing for another scorer's similarities."""
    what = "the model's threshold is for similarities by another scorer"
    return KnowledgeError(what, where, "Choose the scorer of its training, or give --threshold")
