"""The posts that `score` is about, split by split."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.images import PICTURE_SUFFIXES
from mmavk_cli.base.paths import SPLITS, dataset_folder, images_folder, split_file
from mmavk_cli.base.records import Post, Rows
from mmavk_cli.base.settings import DataPlace
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.corpus.pictures import list_names
from mmavk_cli.corpus.public_datasets import where_pictures_are
from mmavk_cli.corpus.raw import read_posts


@dataclass(frozen=True, slots=True)
class Part:
    """Posts to score: a split (its name empty for posts of no data set), and how many, None where nobody knows."""

    split: str
    rows: Rows
    posts: int | None


def parts_of(dataset: str | None, source: Path | None, place: DataPlace, split: str | None) -> Iterator[Part]:
    """The posts of a data set, of a file or folder, or the pictures of the folder `--images` as posts without a text.

    Raises:
        UsageError: the input is a picture. DataError: there are none, or a file or folder cannot be read.
    """
    if dataset is not None:
        yield from _of_dataset(dataset, place, split)
    elif source is not None:
        yield Part("", _of_file(source), None)
    else:
        folder = place.images or Path()
        names = list_names(folder, PICTURE_SUFFIXES)
        if not names:
            advice = f"Files are taken by their ending: {', '.join(PICTURE_SUFFIXES)}"
            raise DataError("no pictures in this folder", str(folder), advice)
        yield Part("", (Post(name, "", (), image=folder / name) for name in names), len(names))


def pictures_or_advice(dataset: str, place: DataPlace) -> Path:
    """The folder of a data set's pictures.

    Raises:
        DataError: it is not there, with where to get the pictures.
    """
    folder = images_folder(dataset_folder(dataset, place.data_dir), place.images)
    if not folder.is_dir():
        advice = f"Get them where the data set's authors put them ({where_pictures_are(dataset)}), then --images FOLDER"
        raise DataError("no folder of pictures", str(folder), advice)
    return folder


def _of_dataset(name: str, place: DataPlace, only: str | None) -> Iterator[Part]:
    folder = dataset_folder(name, place.data_dir)
    pictures = images_folder(folder, place.images)
    there = [split for split in SPLITS if any((folder / f"{split}{end}").is_file() for end in (".txt", ".jsonl"))]
    if only is not None and only not in there:
        split_file(folder, only)
    for split in [only] if only else there:
        posts = load_split(folder, split)
        found = list(with_images(posts, pictures) if pictures.is_dir() else posts)
        yield Part(split, iter(found), len(found))


def _of_file(path: Path) -> Rows:
    if not path.exists():
        raise DataError("no such file or folder", str(path), "Check the path of --input")
    if path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES:
        raise UsageError("this is a picture", str(path), "Give its folder with --images, or posts with --input")
    return read_posts(path)
