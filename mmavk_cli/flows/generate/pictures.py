"""Which picture files `generate` is about."""

from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import PICTURE_SUFFIXES
from mmavk_cli.base.paths import SPLITS, dataset_folder, images_folder
from mmavk_cli.base.records import BadRow
from mmavk_cli.base.settings import DataPlace
from mmavk_cli.corpus.dataset import load_split, with_images
from mmavk_cli.corpus.pictures import list_names
from mmavk_cli.corpus.public_datasets import where_pictures_are
from mmavk_cli.corpus.raw import read_posts


@dataclass(frozen=True, slots=True)
class Found:
    """Picture files in the order of the posts. `missing` counts posts whose picture is not there, `faults` are rows
    that cannot be read (where, what), `notes` what a person should know.
    """

    files: tuple[Path, ...]
    missing: int = 0
    faults: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def find_pictures(dataset: str | None, posts: Path | None, place: DataPlace, limit: int | None) -> Found:
    """The picture files of a data set (all splits), of posts in a file, or of the folder `--images`; the first `limit`.

    Raises:
        DataError: there are none, or a file or folder cannot be read.
    """
    found = (
        _of_dataset(dataset, place) if dataset else _of_posts(posts) if posts else _of_folder(place.images or Path())
    )
    return found if limit is None else Found(found.files[:limit], found.missing, found.faults, found.notes)


def _of_dataset(name: str, place: DataPlace) -> Found:
    folder = dataset_folder(name, place.data_dir)
    pictures = images_folder(folder, place.images)
    advice = f"Get them where the data set's authors put them ({where_pictures_are(name)}), then --images FOLDER"
    if not pictures.is_dir():
        raise DataError("no folder of pictures", str(pictures), advice)
    splits = [
        split for split in SPLITS if any((folder / f"{split}{suffix}").is_file() for suffix in (".txt", ".jsonl"))
    ]
    every = [post for split in splits for post in with_images(load_split(folder, split), pictures)]
    files = tuple(dict.fromkeys(post.image for post in every if post.image))
    if not files:
        raise DataError(f"none of the {len(every)} posts has its picture here", str(pictures), advice)
    missing = sum(post.image is None for post in every)
    said = f"{missing} of {len(every)} posts have no picture in {pictures}. {advice}"
    return Found(files, missing, notes=(said,) if missing else ())


def _of_posts(path: Path) -> Found:
    if not path.exists():
        raise DataError("no such file or folder", str(path), "Check the path of --input")
    files: dict[Path, None] = {}
    faults, without = [], 0
    for row in read_posts(path):
        if isinstance(row, BadRow):
            faults.append((row.problem.where, row.problem.what))
        elif row.image is None:
            without += 1
        else:
            files.setdefault(row.image)
    if not files:
        raise DataError(
            "none of the posts has a picture", str(path), 'Name it in each row: {"text": …, "image": "a.jpg"}'
        )
    notes = (f"{without} posts name no picture",) if without else ()
    return Found(tuple(files), 0, tuple(faults), notes)


def _of_folder(folder: Path) -> Found:
    names = list_names(folder, PICTURE_SUFFIXES)
    if not names:
        advice = f"Files are taken by their ending: {', '.join(PICTURE_SUFFIXES)}"
        raise DataError("no pictures in this folder", str(folder), advice)
    others = sum(path.is_file() and path.suffix.lower() not in PICTURE_SUFFIXES for path in folder.iterdir())
    notes = (f"{others} other files in {folder} are left aside",) if others else ()
    return Found(tuple(folder / name for name in names), notes=notes)
