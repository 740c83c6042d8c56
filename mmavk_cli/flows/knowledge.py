"""Knowledge from the store, scored and gated, for the posts of a data set."""

from collections.abc import Sequence

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.places import dataset_folder, images_folder, store_folder
from mmavk_cli.base.records import Knowledge, Post
from mmavk_cli.base.settings import DataPlace, StorePlace, setting
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.flows.models import scorer_folder
from mmavk_cli.knowledge.store import Store, knowledge_for
from mmavk_cli.similarity.gate import GateSettings, weight


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


def knowledge_label(knowledge: str | None, pairing: str) -> str:
    """Whose knowledge was used, for people: `blip2 (own)`, or `none`."""
    return f"{knowledge} ({pairing})" if knowledge else "none"


def knowledge_of(
    choice: KnowledgeChoice, dataset: str, posts: Sequence[Post], own_threshold: float | None
) -> list[Knowledge | None]:
    """Each post's knowledge, None where the store has none or an empty text.

    With a threshold (the flag's, else the model's own) the text scorer says how related post and knowledge are.

    Raises:
        KnowledgeError: the store has no knowledge of that name.
    """
    if choice.knowledge is None:
        return [None] * len(posts)
    with Store(store_folder(choice.store), read_only=True) as store:
        recipe = store.resolve(choice.knowledge)
        find = knowledge_for(store, recipe.id, dataset)
        texts = [find(post) for post in posts]
    threshold = choice.cut(own_threshold)
    if threshold is None:
        return [Knowledge(text, recipe.id) if text else None for text in texts]
    from mmavk_cli.similarity.text import TextScorer

    scorer = TextScorer.load(scorer_folder())
    similarities = scorer.score([post.text for post in posts], [text or "" for text in texts])
    return [
        Knowledge(text, recipe.id, similarity, weight(similarity, threshold, choice.below), scorer.id) if text else None
        for text, similarity in zip(texts, similarities, strict=True)
    ]
