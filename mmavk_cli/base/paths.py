"""Where things live: the home folder (store), the data folder, the pictures of a data set."""

import os
from contextlib import suppress
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.suggest import near

SPLITS = ("train", "valid", "test")


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
        there = [one.name for one in folder.parent.iterdir() if one.is_dir()] if folder.parent.is_dir() else []
        meant = near(name, there)
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
    """The file of one split, `.txt` (CoNLL) or `.jsonl`.

    Raises:
        DataError: neither is there.
    """
    for suffix in (".txt", ".jsonl"):
        if (path := folder / f"{split}{suffix}").is_file():
            return path
    raise DataError(f"no {split} split ({split}.txt or {split}.jsonl)", str(folder), "Put that file there")


def images_folder(folder: Path, images: Path | None) -> Path:
    """The pictures of the data set in `folder`: `--images`, else `NAME_images` beside it. It need not exist."""
    return images if images is not None else folder.parent / f"{folder.name}_images"
