"""The posts of a data set's split, with their pictures' files; those to train on or to score with their tags."""

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.paths import dataset_folder, images_folder
from mmavk_cli.base.records import Post
from mmavk_cli.base.settings import DataPlace
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.corpus.types import Renaming


def posts_of(dataset: str, split: str, place: DataPlace, renaming: Renaming | None = None) -> list[Post]:
    """A split with its pictures' files, where there are any, its types renamed.

    Args:
        dataset: the data set's name.
        split: `train`, `valid` or `test`.
        place: where data sets and their pictures are.
        renaming: of its types; None leaves them as they are.

    Raises:
        DataError: no such data set or split, or a row that cannot be read.
    """
    folder = dataset_folder(dataset, place.data_dir)
    pictures = images_folder(folder, place.images)
    posts = load_split(folder, split, renaming)
    return list(with_images(posts, pictures) if pictures.is_dir() else posts)


def gold_posts(dataset: str, split: str, place: DataPlace, renaming: Renaming | None = None) -> list[Post]:
    """A split to train on or to score, with its pictures' files, its types renamed.

    Args:
        dataset: the data set's name.
        split: `train`, `valid` or `test`.
        place: where data sets and their pictures are.
        renaming: of its types; None leaves them as they are.

    Raises:
        DataError: no such data set or split, a row that cannot be read, no posts at all, or a post without tags.
    """
    posts = posts_of(dataset, split, place, renaming)
    if not posts:
        raise DataError("the split has no posts", f"{dataset} {split}", "Check the file")
    for post in posts:
        if post.tags is None:
            raise DataError("the post has no tags", post.where, "Training and scores need tags or entities")
    return posts
