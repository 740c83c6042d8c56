"""Knowledge from the store, scored and gated, for the posts of a data set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mmavk_cli.base.errors import DataError, KnowledgeError
from mmavk_cli.base.places import dataset_folder, images_folder, store_folder
from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.base.settings import DataPlace, setting
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.flows.models import own_gate
from mmavk_cli.flows.similar import CLIP, TEXT, ScorerChoice, scored, seen_pictures
from mmavk_cli.knowledge.store import Store, knowledge_for
from mmavk_cli.similarity.gate import Gate, GateSettings
from mmavk_cli.spans import split_tag
from mmavk_cli.tagger.checkpoint import TaggerConfig

RECIPES, SCORER, SCORER_ID = "recipes", "scorer", "scorer_id"
"""What a checkpoint says of the knowledge it was trained with."""


class KnowledgeChoice(GateSettings, ScorerChoice, DataPlace):
    """Whose knowledge a post gets and how much of it counts."""

    knowledge: str | None = setting(
        None, "Knowledge in the store, by name or recipe id (`blip2`, `pgim`). [default: none]", metavar="NAME"
    )


class EvalKnowledge(KnowledgeChoice):
    """The same for a trained model."""

    other_knowledge: bool = setting(
        False,
        "Take other knowledge than the model was trained with, or another scorer's word.",
        "--other-knowledge",
    )


def posts_of(dataset: str, split: str, place: DataPlace) -> list[Post]:
    """A split with its pictures' files, where there are any.

    Raises:
        DataError: no such data set or split, or a row that cannot be read.
    """
    folder = dataset_folder(dataset, place.data_dir)
    pictures = images_folder(folder, place.images)
    posts = load_split(folder, split)
    return list(with_images(posts, pictures) if pictures.is_dir() else posts)


def gold_posts(dataset: str, split: str, place: DataPlace) -> list[Post]:
    """A split to train on or to score, with its pictures' files.

    Raises:
        DataError: no such data set or split, a row that cannot be read, no posts at all, or a post without tags.
    """
    posts = posts_of(dataset, split, place)
    if not posts:
        raise DataError("the split has no posts", f"{dataset} {split}", "Check the file")
    for post in posts:
        if post.tags is None:
            raise DataError("the post has no tags", post.where, "Training and scores need tags or entities")
    return posts


def check_tags(posts: Sequence[Post], known: Sequence[str], whose: str) -> None:
    """A model has the types of the posts: one that it cannot find would only lower its score.

    Raises:
        DataError: a post has a tag that is not one of `known`; `whose` names their owner.
    """
    for post in posts:
        if unknown := set(post.tags or ()) - set(known):
            types = ", ".join(dict.fromkeys(kind for _, kind in map(split_tag, known) if kind))
            raise DataError(f"unknown tag {min(unknown)!r}", post.where, f"Types of {whose} are {types}")


def knowledge_label(knowledge: str | None, pairing: str) -> str:
    """Whose knowledge was used, for people: `blip2 (own)`, or `none`."""
    return f"{knowledge} ({pairing})" if knowledge else "none"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a model takes of a picture.

    Attributes:
        fusion: `prefix` takes CLIP's features, the others take knowledge.
        scorer: `text` or `clip`; None is `text`.
        gate: gives the weights.
        needs_scores: similarities are read even where the gate asks for none.
    """

    fusion: str = "word"
    scorer: str | None = None
    gate: Gate = field(default_factory=Gate)
    needs_scores: bool = False


def wanted_by(choice: KnowledgeChoice, name: str, config: TaggerConfig) -> Wanted:
    """What the model `name` takes, where flags do not say otherwise.

    Raises:
        MissingError: its gate is none. UsageError: a threshold that only training can find.
    """
    scorer = choice.scorer or (CLIP if config.trained.get(SCORER) == CLIP else None)
    return Wanted(config.pieces.fusion, scorer, choice.gate(own_gate(name, config)))


def check_knowledge(choice: EvalKnowledge, config: TaggerConfig, knowledge: Iterable[Knowledge | None]) -> None:
    """The model was trained with such knowledge, and its own threshold on similarities by that scorer.

    A checkpoint that does not say what it was trained with, and a model that reads no knowledge, take any.

    Raises:
        KnowledgeError: it was not, and `--other-knowledge` is not given.
    """
    if config.pieces.fusion == "text" or choice.other_knowledge:
        return
    recipes, scorer = config.trained.get(RECIPES), config.trained.get(SCORER_ID)
    advice = "Name the knowledge it was trained with, or say --other-knowledge"
    for one in knowledge:
        if one is None:
            continue
        if recipes is not None and one.recipe not in recipes:
            what = f"the model was trained with {config.trained.get('knowledge') or 'no knowledge'}, not with this"
            raise KnowledgeError(what, f"--knowledge {choice.knowledge}", advice)
        if scorer and one.scorer and one.scorer != scorer and choice.threshold is None:
            what = "the model's threshold is for similarities by another scorer"
            raise KnowledgeError(what, "--scorer, --clip", "Choose the scorer of its training, or give --threshold")


def trained_with(choice: KnowledgeChoice, knowledge: Iterable[Knowledge | None]) -> Json:
    """What a checkpoint says of the knowledge it was trained with."""
    known = [one for one in knowledge if one is not None]
    scorer = next((one.scorer for one in known if one.scorer), None)
    recipes = sorted({one.recipe for one in known})
    return {"knowledge": choice.knowledge, RECIPES: recipes} | (
        {SCORER: choice.scorer or TEXT, SCORER_ID: scorer} if scorer else {}
    )


def knowledge_of(
    choice: KnowledgeChoice, dataset: str, posts: Sequence[Post], wanted: Wanted
) -> list[Knowledge | None]:
    """What a model takes of each post's picture, weighed by its gate; None where there is nothing.

    Raises:
        KnowledgeError: the store has no knowledge of that name, or not the scores or features that are needed.
    """
    return gated(scored_knowledge(choice, dataset, posts, wanted), wanted.gate)


def scored_knowledge(
    choice: KnowledgeChoice, dataset: str, posts: Sequence[Post], wanted: Wanted
) -> list[Knowledge | None]:
    """The same, all of it counted in full, and where it is needed how related post and picture are.

    Raises:
        KnowledgeError: the store has no knowledge of that name, or not the scores or features that are needed.
    """
    if wanted.fusion == "prefix":
        found = seen_pictures(choice, posts)
    elif choice.knowledge is None:
        return [None] * len(posts)
    else:
        found = _stored(choice, choice.knowledge, dataset, posts)
    if wanted.needs_scores or wanted.gate.threshold is not None:
        return scored(choice, posts, found, wanted.scorer)
    return found


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
