"""Knowledge from the store, scored and gated, for the posts of a data set."""

from collections.abc import Sequence
from dataclasses import replace

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.places import dataset_folder, images_folder, store_folder
from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.base.settings import DataPlace, StorePlace, setting
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.flows.models import scorer_folder
from mmavk_cli.knowledge.store import Store, knowledge_for
from mmavk_cli.similarity.gate import Gate, GateSettings
from mmavk_cli.spans import split_tag


class KnowledgeChoice(GateSettings, StorePlace, DataPlace):
    """Whose knowledge a post gets and how much of it counts."""

    knowledge: str | None = setting(
        None, "Knowledge in the store, by name or recipe id (`blip2`, `pgim`). [default: none]", metavar="NAME"
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


def knowledge_of(choice: KnowledgeChoice, dataset: str, posts: Sequence[Post], gate: Gate) -> list[Knowledge | None]:
    """Each post's knowledge with the weight that `gate` gives it, None where the store has none or an empty text.

    Raises:
        KnowledgeError: the store has no knowledge of that name.
    """
    return gated(scored_knowledge(choice, dataset, posts, scored=gate.threshold is not None), gate)


def scored_knowledge(
    choice: KnowledgeChoice, dataset: str, posts: Sequence[Post], *, scored: bool
) -> list[Knowledge | None]:
    """Each post's knowledge, and with `scored` how related the two are by the text scorer; all of it counts in full.

    Raises:
        KnowledgeError: the store has no knowledge of that name.
    """
    if choice.knowledge is None:
        return [None] * len(posts)
    with Store(store_folder(choice.store), read_only=True) as store:
        recipe = store.resolve(choice.knowledge)
        find = knowledge_for(store, recipe.id, dataset)
        texts = [find(post) for post in posts]
    if not scored:
        return [Knowledge(text, recipe.id) if text else None for text in texts]
    from mmavk_cli.similarity.text import TextScorer

    scorer = TextScorer.load(scorer_folder())
    similarities = scorer.score([post.text for post in posts], [text or "" for text in texts])
    return [
        Knowledge(text, recipe.id, similarity, scorer=scorer.id) if text else None
        for text, similarity in zip(texts, similarities, strict=True)
    ]


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
