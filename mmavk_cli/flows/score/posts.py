"""The posts that `score` is about, split by split."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.file_kinds import is_picture
from mmavk_cli.base.paths import dataset_folder, images_folder, split_file, splits_in
from mmavk_cli.base.records import Post, Rows
from mmavk_cli.base.settings import DataPlace
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.corpus.formats.options import InputOptions
from mmavk_cli.corpus.formats.posts import read_posts
from mmavk_cli.corpus.pictures import picture_names
from mmavk_cli.corpus.public_datasets import pictures_advice
from mmavk_cli.flows.shared.post_source import PostSource


@dataclass(frozen=True, slots=True)
class Part:
    """Posts to score: a split (its name empty for posts of no data set), and how many, None where nobody knows."""

    split: str
    rows: Rows
    posts: int | None


def parts_of(dataset: str | None, source: Path | None, place: PostSource, split: str | None) -> Iterator[Part]:
    """The posts of a data set, of a file or folder, or the pictures of the folder `--images` as posts without a text.

    Args:
        dataset: name of a data set, or None.
        source: the file or folder of `--input`, or None.
        place: where data sets and pictures are.
        split: only this one; None: all.

    Raises:
        UsageError: the input is a picture. DataError: there are none, or a file or folder cannot be read.
    """
    if dataset is not None:
        yield from _of_dataset(dataset, place, split)
    elif source is not None:
        yield Part("", _of_file(source, place), None)
    else:
        folder = place.images or Path()
        names = picture_names(folder)
        if not names:
            raise DataError("no pictures in this folder", str(folder), "Check the path")
        yield Part("", (Post(name, "", (), image=folder / name) for name in names), len(names))


def pictures_or_advice(dataset: str, place: DataPlace) -> Path:
    """The folder of a data set's pictures.

    Raises:
        DataError: it is not there, with where to get the pictures.
    """
    folder = images_folder(dataset_folder(dataset, place.data_dir), place.images)
    if not folder.is_dir():
        raise DataError("no folder of pictures", str(folder), pictures_advice(dataset))
    return folder


def _of_dataset(name: str, place: DataPlace, only: str | None) -> Iterator[Part]:
    folder = dataset_folder(name, place.data_dir)
    pictures = images_folder(folder, place.images)
    there = splits_in(folder)
    if only is not None and only not in there:
        split_file(folder, only)
    for split in [only] if only else there:
        posts = load_split(folder, split)
        found = list(with_images(posts, pictures) if pictures.is_dir() else posts)
        yield Part(split, iter(found), len(found))


def _of_file(path: Path, options: InputOptions) -> Rows:
    if not path.exists():
        raise DataError("no such file or folder", str(path), "Check the path of --input")
    if is_picture(path):
        raise UsageError("this is a picture", str(path), "Give its folder with --images, or posts with --input")
    return read_posts(path, options)
