"""Where things live: the home folder (store), the data folder, the pictures of a data set."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.suggest import near

SPLITS = ("train", "valid", "test")

SPLIT_NAMES = {"train": ("train",), "valid": ("valid", "val", "dev", "validation"), "test": ("test",)}
"""What the file of a split may be called."""

JSON_ENDINGS = (".jsonl", ".ndjson")
ENDINGS = (".txt", ".conll", ".bio", ".iob", ".iob2", *JSON_ENDINGS)
"""Ends of a split's file name; those that are not JSON are CoNLL."""

DATA_ENDINGS = frozenset({*ENDINGS, ".json", ".csv", ".tsv", ".spacy", ".parquet", ".arrow", ".ann", ".xml"})
"""Ends of files that may hold posts."""


def home() -> Path:
    """`MMAVK_HOME`, else the platform's cache folder for mmavk."""
    if place := os.environ.get("MMAVK_HOME"):
        return Path(place)
    import platformdirs

    return Path(platformdirs.user_cache_dir("mmavk", appauthor=False))


def data_root(data_dir: Path | None) -> Path:
    """The folder that holds data sets: `--data-dir`, else `MMAVK_DATA`, else `data` in the home."""
    if data_dir is not None:
        return data_dir
    if place := os.environ.get("MMAVK_DATA"):
        return Path(place)
    return home() / "data"


def store_folder(store: Path | None) -> Path:
    """The knowledge store: `--store`, else `store` in the home."""
    return store if store is not None else home() / "store"


def dataset_folder(name: str, data_dir: Path | None) -> Path:
    """The folder of the data set `name`.

    Raises:
        DataError: it is not there.
    """
    folder = data_root(data_dir) / name
    if not folder.is_dir():
        others = folder.parent.iterdir() if folder.parent.is_dir() else ()
        meant = near(name, [one.name for one in others if one.is_dir()])
        advice = f"Set --data-dir or MMAVK_DATA, or run: mmavk data fetch {name}"
        raise DataError(f"no data set {name!r}", str(folder), meant if meant.startswith("Did") else advice)
    return folder


def splits_in(folder: Path) -> dict[str, Path]:
    """Split → its file, of the splits that the data set in `folder` has, in the order of `SPLITS`."""
    found = {}
    for split in SPLITS:
        with suppress(DataError):
            found[split] = split_file(folder, split)
    return found


def split_file(folder: Path, split: str) -> Path:
    """The file of one split: one of `SPLIT_NAMES` with one of `ENDINGS`, in any capitals.

    Raises:
        DataError: there is none; files that are there are named.
    """
    there = {path.name.lower(): path for path in _files(folder)}
    for name in SPLIT_NAMES[split]:
        for ending in ENDINGS:
            if path := there.get(f"{name}{ending}"):
                return path
    others = [path.name for path in unread_files(folder, splits=())]
    advice = f"There is {', '.join(others[:6])}: rename it, or bring it into form with mmavk data convert"
    what = f"no {split} split ({split}.txt or {split}.jsonl)"
    raise DataError(what, str(folder), advice if others else "Put that file there")


def unread_files(folder: Path, splits: Iterable[Path]) -> list[Path]:
    """Files of a data set's folder that hold data by their name and are none of its `splits`."""
    read = set(splits)
    return [path for path in _files(folder) if path not in read and path.suffix.lower() in DATA_ENDINGS]


def _files(folder: Path) -> list[Path]:
    paths = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in paths if path.is_file())


def images_folder(folder: Path, images: Path | None) -> Path:
    """The pictures of the data set in `folder`: `--images`, else `NAME_images` beside it. It need not exist."""
    return images if images is not None else folder.parent / f"{folder.name}_images"
