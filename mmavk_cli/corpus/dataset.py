"""A data set's splits as posts, and their pictures."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.paths import JSON_ENDINGS, split_file
from mmavk_cli.base.records import BadRow, Post
from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.corpus.jsonl import read_jsonl
from mmavk_cli.corpus.pictures import list_pictures
from mmavk_cli.corpus.types import Renaming


def load_split(folder: Path, split: str, renaming: Renaming | None = None) -> Iterator[Post]:
    """The posts of one split (CoNLL or JSON Lines), in order, one at a time, their types renamed. A bad row stops it: a
    data set that is read in part gives a score that is not its own.

    Raises:
        DataError: no such split, or a row that cannot be read, with file:line.
    """
    path = split_file(folder, split)
    posts = _good(path) if path.suffix.lower() in JSON_ENDINGS else read_conll(path)
    return map((renaming or Renaming()).post, posts)


def with_images(posts: Iterable[Post], folder: Path) -> Iterator[Post]:
    """The posts with the file of their picture, `<image_id>` and any picture suffix in `folder`; one directory listing.

    A picture that a post already names stays; one that is not in the folder stays None.

    Raises:
        DataError: the folder cannot be read.
    """
    pictures = list_pictures(folder)

    def joined() -> Iterator[Post]:
        for post in posts:
            name = pictures.get(post.image_id or "")
            yield post if post.image or name is None else replace(post, image=folder / name)

    return joined()


def _good(path: Path) -> Iterator[Post]:
    for row in read_jsonl(path):
        if isinstance(row, BadRow):
            raise DataError(row.problem.what, row.problem.where, row.problem.do)
        yield row
