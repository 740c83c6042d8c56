"""Knowledge from the store, scored and gated, for the posts of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.base.settings import DataPlace, Settings, setting
from mmavk_cli.flows.shared.knowledge.similarity import scored, seen_pictures
from mmavk_cli.flows.shared.models import own_gate
from mmavk_cli.similarity.clip_source import CLIP, ScorerChoice, check_for_pictures
from mmavk_cli.similarity.gate import Gate, GateSettings
from mmavk_cli.store.store import Store, knowledge_for
from mmavk_cli.tagger.checkpoint import SCORER, TaggerConfig
from mmavk_cli.tagger.fusions.registry import FUSIONS


class KnowledgeChoice(GateSettings, ScorerChoice, DataPlace):
    """Whose knowledge a post gets and how much of it counts."""

    knowledge: str | None = setting(
        None, "Knowledge in the store, by name or recipe id (`blip2`, `pgim`). [default: none]", metavar="NAME"
    )


class OtherKnowledge(Settings):
    """Whether a trained model may get knowledge that it was not trained with."""

    other_knowledge: bool = setting(
        False,
        "Take other knowledge than the model was trained with, or another scorer's word.",
        "--other-knowledge",
    )


class EvalKnowledge(OtherKnowledge, KnowledgeChoice):
    """The same for a trained model."""


def knowledge_label(knowledge: str | None, pairing: str) -> str:
    """Whose knowledge was used, for people: `blip2 (own)`, or `none`."""
    return f"{knowledge} ({pairing})" if knowledge else "none"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model takes of a picture.

    Attributes:
        features: the kind of features it takes; None where it takes knowledge.
        scorer: `text` or `clip`; None is `text`.
        gate: gives the weights.
        needs_scores: similarities are read even where the gate asks for none.
    """

    features: str | None = None
    scorer: str | None = None
    gate: Gate = field(default_factory=Gate)
    needs_scores: bool = False


def wanted_by(choice: KnowledgeChoice, name: str, config: TaggerConfig) -> Wanted:
    """What the model `name` takes, where flags do not say otherwise.

    Raises:
        MissingError: its gate is none. UsageError: a threshold that only training can find.
    """
    scorer = choice.scorer or (CLIP if config.trained.get(SCORER) == CLIP else None)
    return Wanted(features_read(config.pieces.fusion), scorer, choice.gate(own_gate(name, config)))


def features_read(fusion: str) -> str | None:
    """The kind of features that a fusion reads of a picture; None where it does not read the image."""
    return FUSIONS[fusion].features if "image" in FUSIONS[fusion].reads else None


def knowledge_of(
    choice: KnowledgeChoice, dataset: str, posts: Sequence[Post], wanted: Wanted
) -> list[Knowledge | None]:
    """What a model takes of each post's picture, weighed by its gate; None where there is nothing.

    Raises:
        KnowledgeError: the store has no knowledge of that name, or not the scores or features that are needed.
        UsageError: the text scorer is to weigh features of pictures.
    """
    return gated(scored_knowledge(choice, dataset, posts, wanted), wanted.gate)


def scored_knowledge(
    choice: KnowledgeChoice, dataset: str, posts: Sequence[Post], wanted: Wanted
) -> list[Knowledge | None]:
    """The same, all of it counted in full, and where it is needed how related post and picture are.

    Raises:
        KnowledgeError: the store has no knowledge of that name, or not the scores or features that are needed.
        UsageError: the text scorer is to weigh features of pictures.
    """
    weighed = wanted.needs_scores or wanted.gate.threshold is not None
    if wanted.features and weighed:
        check_for_pictures(wanted.scorer)
    if wanted.features:
        found = seen_pictures(choice, posts, wanted.features)
    elif choice.knowledge is None:
        return [None] * len(posts)
    else:
        found = _stored(choice, choice.knowledge, dataset, posts)
    return scored(choice, posts, found, CLIP if wanted.features else wanted.scorer) if weighed else found


def _stored(choice: KnowledgeChoice, name: str, dataset: str, posts: Sequence[Post]) -> list[Knowledge | None]:
    with Store(store_folder(choice.store), read_only=True) as store:
        recipe = store.resolve(name)
        find = knowledge_for(store, recipe.id, dataset)
        texts = [find(post) for post in posts]
    return [Knowledge(text, recipe.id) if text else None for text in texts]


def gated(knowledge: Sequence[Knowledge | None], gate: Gate) -> list[Knowledge | None]:
    """The same knowledge with the weight that `gate` gives it; what has no similarity counts in full."""
    return [
        one and replace(one, weight=1.0 if one.similarity is None else gate.weight(one.similarity)) for one in knowledge
    ]


def counted_knowledge(knowledge: Sequence[Knowledge | None]) -> Json:
    """For people: posts, how many have knowledge, the share of these that counts less than in full, the mean weight."""
    weights = [one.weight for one in knowledge if one is not None]
    many = max(len(weights), 1)
    return {
        "posts": len(knowledge),
        "with_knowledge": len(weights),
        "gated": round(sum(weight < 1 for weight in weights) / many, 4),
        "mean_weight": round(sum(weights) / many, 4),
    }
