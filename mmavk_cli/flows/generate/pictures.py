"""Which picture files `generate` is about."""

from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.paths import dataset_folder, images_folder, splits_in
from mmavk_cli.base.records import BadRow
from mmavk_cli.base.settings import DataPlace
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.corpus.formats.options import InputOptions
from mmavk_cli.corpus.formats.posts import read_posts
from mmavk_cli.corpus.pictures import picture_names, picture_of
from mmavk_cli.corpus.public_datasets import pictures_advice
from mmavk_cli.flows.shared.post_source import PostSource


@dataclass(frozen=True, slots=True)
class Found:
    """Picture files in the order of the posts. `missing` counts posts whose picture is not there, `faults` are rows
    that cannot be read (where, what), `notes` what a person should know.
    """

    files: tuple[Path, ...]
    missing: int = 0
    faults: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def find_pictures(dataset: str | None, posts: Path | None, place: PostSource, limit: int | None) -> Found:
    """The picture files of a data set (all splits), of posts in a file, or of the folder `--images`; the first `limit`.

    Args:
        dataset: name of a data set, or None.
        posts: the file or folder of `--input`, or None.
        place: where data sets and pictures are.
        limit: largest number of files; None: all.

    Raises:
        DataError: there are none, or a file or folder cannot be read.
    """
    found = (
        _of_dataset(dataset, place)
        if dataset
        else _of_posts(posts, place)
        if posts
        else _of_folder(place.images or Path())
    )
    return found if limit is None else Found(found.files[:limit], found.missing, found.faults, found.notes)


def _of_dataset(name: str, place: DataPlace) -> Found:
    folder = dataset_folder(name, place.data_dir)
    pictures = images_folder(folder, place.images)
    advice = pictures_advice(name)
    if not pictures.is_dir():
        raise DataError("no folder of pictures", str(pictures), advice)
    every = [post for split in splits_in(folder) for post in with_images(load_split(folder, split), pictures)]
    files = tuple(dict.fromkeys(post.image for post in every if post.image))
    if not files:
        raise DataError(f"none of the {len(every)} posts has its picture here", str(pictures), advice)
    missing = sum(post.image is None for post in every)
    said = f"{missing} of {len(every)} posts have no picture in {pictures}. {advice}"
    return Found(files, missing, notes=(said,) if missing else ())


def _of_posts(path: Path, options: InputOptions) -> Found:
    if not path.exists():
        raise DataError("no such file or folder", str(path), "Check the path of --input")
    files: dict[Path, None] = {}
    faults, without = [], 0
    for row in read_posts(path, options):
        if isinstance(row, BadRow):
            faults.append((row.problem.where, row.problem.what))
            continue
        try:
            picture = picture_of(row)
        except DataError as error:
            faults.append((f"{row.where}: {error.where}", f"{error.what}. {error.do}"))
            continue
        if picture is None:
            without += 1
        else:
            files.setdefault(picture)
    if not files:
        if faults:
            raise DataError(f"no post with a picture can be read: {faults[0][1]}", faults[0][0])
        advice = 'Name it in each row: {"text": …, "image": "a.jpg"}'
        raise DataError("none of the posts has a picture", str(path), advice)
    notes = (f"{without} posts name no picture",) if without else ()
    return Found(tuple(files), 0, tuple(faults), notes)


def _of_folder(folder: Path) -> Found:
    names = picture_names(folder)
    if not names:
        raise DataError("no pictures in this folder", str(folder), "Check the path")
    others = sum(path.is_file() for path in folder.iterdir()) - len(names)
    notes = (f"{others} other files in {folder} are ignored",) if others else ()
    return Found(tuple(folder / name for name in names), notes=notes)
