"""Knowledge from the store, scored and gated, for the posts of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mmavk_cli.base.errors import KnowledgeError
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.base.settings import DataPlace, Settings, setting
from mmavk_cli.flows.shared.knowledge.similarity import scored, seen_pictures
from mmavk_cli.flows.shared.models import own_gate
from mmavk_cli.flows.shared.options import KNOWLEDGE
from mmavk_cli.knowledge.choose import chosen
from mmavk_cli.similarity.clip_source import CLIP, ScorerChoice, check_for_pictures
from mmavk_cli.similarity.gate import Gate, GateSettings
from mmavk_cli.store.rows import PLACEHOLDER
from mmavk_cli.store.store import Store, knowledge_for, row_for
from mmavk_cli.tagger.checkpoint import SCORER, TaggerConfig
from mmavk_cli.tagger.fusions.registry import FUSIONS


class KnowledgeChoice(GateSettings, ScorerChoice, DataPlace):
    """Whose knowledge a post gets and how much of it counts."""

    knowledge: str | None = setting(None, KNOWLEDGE, here="[default: none]", metavar="NAME")


class OtherKnowledge(Settings):
    """Whether a trained model may get knowledge that it was not trained with."""

    other_knowledge: bool = setting(
        False,
        "Allow knowledge, or a scorer, that the model was not trained with.",
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

    Args:
        choice: the knowledge, its scorer and its gate.
        dataset: name of the data set.
        posts: of one split.
        wanted: what the model reads of a picture.

    Raises:
        KnowledgeError: the store has no knowledge of that name, or not the scores or features that are needed.
        UsageError: the text scorer is to weigh features of pictures.
    """
    return gated(scored_knowledge(choice, dataset, posts, wanted), wanted.gate)


def scored_knowledge(
    choice: KnowledgeChoice, dataset: str, posts: Sequence[Post], wanted: Wanted
) -> list[Knowledge | None]:
    """The same, all of it counted in full, and where it is needed how related post and picture are.

    Args:
        choice: the knowledge, its scorer and its gate.
        dataset: name of the data set.
        posts: of one split.
        wanted: what the model reads of a picture.

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
    if not weighed:
        return found
    knowledge = scored(choice, posts, found, CLIP if wanted.features else wanted.scorer)
    _check_similarities(knowledge, dataset)
    return knowledge


def _check_similarities(knowledge: Sequence[Knowledge | None], dataset: str) -> None:
    """Some knowledge has a similarity, where a gate asks for one: it would gate everything otherwise.

    Raises:
        KnowledgeError: none has; CLIP needs the pictures themselves.
    """
    there = [one for one in knowledge if one is not None]
    if there and all(one.similarity is None for one in there):
        what = f"the gate asks for similarities, and none of the {len(there)} posts with knowledge has a picture here"
        advice = "Name the pictures' folder with --images and run mmavk score, or say --scorer text or --threshold none"
        raise KnowledgeError(what, dataset, advice)


def _stored(choice: KnowledgeChoice, name: str, dataset: str, posts: Sequence[Post]) -> list[Knowledge | None]:
    with Store(store_folder(choice.store), read_only=True) as store:
        recipe = store.resolve(name)
        find = knowledge_for(store, recipe.id, dataset)
        found: list[Knowledge | None] = []
        for post in posts:
            text = find(post)
            kept = chosen(text, post.text)[0] if text else ""
            found.append(Knowledge(kept, recipe.id) if kept else None)
    return found


def placeholder_posts(
    choice: KnowledgeChoice, dataset: str, posts: Sequence[Post], knowledge: Sequence[Knowledge | None]
) -> frozenset[str]:
    """The ids of those posts without knowledge whose picture `mmavk generate` took for a placeholder.

    Args:
        choice: the knowledge, and where the store is.
        dataset: name of the data set.
        posts: of one split.
        knowledge: of each post.
    """
    if choice.knowledge is None or all(knowledge):
        return frozenset()
    with Store(store_folder(choice.store), read_only=True) as store:
        find = row_for(store, store.resolve(choice.knowledge).id, dataset)
        without = [post for post, one in zip(posts, knowledge, strict=True) if one is None]
        rows = {post.id: find(post) for post in without}
    return frozenset(name for name, row in rows.items() if row is not None and PLACEHOLDER in row.details)


def gated(knowledge: Sequence[Knowledge | None], gate: Gate) -> list[Knowledge | None]:
    """The same knowledge with the weight that `gate` gives it."""
    return [one and replace(one, weight=gate.weight(one.similarity)) for one in knowledge]


def counted_knowledge(knowledge: Sequence[Knowledge | None]) -> Json:
    """For people: posts, how many have knowledge, the share of these that counts less than in full, the mean weight;
    where there are any, how many are gated because CLIP could not see their picture.
    """
    there = [one for one in knowledge if one is not None]
    many = max(len(there), 1)
    unscored = sum(one.similarity is None and one.weight < 1 for one in there)
    return {
        "posts": len(knowledge),
        "with_knowledge": len(there),
        "gated": round(sum(one.weight < 1 for one in there) / many, 4),
        "mean_weight": round(sum(one.weight for one in there) / many, 4),
    } | ({"without_similarity": unscored} if unscored else {})
