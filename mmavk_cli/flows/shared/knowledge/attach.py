"""Knowledge from the store, scored and gated, for the posts of a data set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mmavk_cli.base.digest import short
from mmavk_cli.base.errors import DataError, KnowledgeError
from mmavk_cli.base.paths import dataset_folder, images_folder, store_folder
from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.base.settings import DataPlace, Settings, setting
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.flows.shared.knowledge.similarity import scored, seen_pictures
from mmavk_cli.flows.shared.models import own_gate
from mmavk_cli.similarity.clip_source import CLIP, TEXT, ScorerChoice, check_for_pictures
from mmavk_cli.similarity.gate import Gate, GateSettings
from mmavk_cli.spans import split_tag
from mmavk_cli.store.store import Store, knowledge_for
from mmavk_cli.tagger.checkpoint import RECIPES, SCORER, SCORER_ID, TaggerConfig
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
        for word, tag in zip(post.words, post.tags or (), strict=True):
            if tag not in known:
                types = ", ".join(dict.fromkeys(kind for _, kind in map(split_tag, known) if kind))
                advice = f"The types of {whose} are {types}: write one of them, or O"
                raise DataError(f"unknown tag {tag!r} of {word.text!r}", post.where, advice)


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


def check_knowledge(choice: EvalKnowledge, config: TaggerConfig, knowledge: Iterable[Knowledge | None]) -> None:
    """The model was trained with such knowledge, and its own threshold on similarities by that scorer.

    A checkpoint that does not say what it was trained with, and a model that reads no knowledge, take any.

    Raises:
        KnowledgeError: it was not, and `--other-knowledge` is not given.
    """
    if not FUSIONS[config.pieces.fusion].reads or choice.other_knowledge:
        return
    known = [one for one in knowledge if one is not None]
    check_recipes(choice.knowledge, config, known)
    scorer = config.trained.get(SCORER_ID)
    for one in known:
        if scorer and one.scorer and one.scorer != scorer and choice.threshold is None:
            what = "the model's threshold is for similarities by another scorer"
            raise KnowledgeError(what, "--scorer, --clip", "Choose the scorer of its training, or give --threshold")


def check_any(name: str, dataset: str, split: str, knowledge: Iterable[Knowledge | None]) -> None:
    """Some post of a split has the knowledge that was asked for by `name`.

    Raises:
        KnowledgeError: none has.
    """
    if not any(knowledge):
        advice = f"Import some: mmavk store import --dataset {dataset} FILE"
        raise KnowledgeError(f"no post has knowledge {name!r}", f"{dataset} {split}", advice)


def check_recipes(name: str | None, config: TaggerConfig, knowledge: Iterable[Knowledge | None]) -> None:
    """The knowledge called `name`, None for features of pictures, is what the model was trained with; a checkpoint that
    does not say takes any.

    Raises:
        KnowledgeError: it is of another recipe.
    """
    recipes = config.trained.get(RECIPES)
    other = next((one.recipe for one in knowledge if one is not None and one.recipe not in (recipes or ())), None)
    if recipes is None or other is None:
        return
    its = config.trained.get("knowledge") or "a CLIP's features"
    before = f"{its} (recipe {' and '.join(map(short, recipes))})" if recipes else "no knowledge"
    what = f"the model was trained with {before}, not with this (recipe {short(other)})"
    advice = "Name what it was trained with (mmavk store ls), or say --other-knowledge"
    raise KnowledgeError(what, f"--knowledge {name}" if name else "--clip", advice)


def trained_with(choice: KnowledgeChoice, knowledge: Iterable[Knowledge | None]) -> Json:
    """What a checkpoint says of the knowledge it was trained with."""
    known = [one for one in knowledge if one is not None]
    scorer = next((one.scorer for one in known if one.scorer), None)
    recipes = sorted({one.recipe for one in known})
    who = CLIP if any(one.visual for one in known) else choice.scorer or TEXT
    return {"knowledge": choice.knowledge, RECIPES: recipes} | ({SCORER: who, SCORER_ID: scorer} if scorer else {})


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
