"""The posts of a data set's split, with their pictures' files; those to train on or to score with their tags."""

from collections.abc import Sequence

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.paths import dataset_folder, images_folder
from mmavk_cli.base.records import Post
from mmavk_cli.base.settings import DataPlace
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.spans import split_tag


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
