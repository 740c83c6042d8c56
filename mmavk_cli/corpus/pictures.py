"""Pictures in a folder, found by the stem of their names."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import is_picture
from mmavk_cli.base.images import PICTURE_SUFFIXES
from mmavk_cli.base.records import Post

_NO_PICTURES = (".txt", ".jsonl", ".ndjson", ".json", ".conll", ".csv", ".tsv", ".ann", ".md", ".py")
"""Endings of files that are not opened to see what they are."""

_SHOWN = 5
"""Names of files in a message."""

LONGEST_URL = 120
"""Characters of an address in a message; a `data:` address may have millions."""


def picture_of(post: Post) -> Path | None:
    """The file of a post's picture, None where it has none.

    Raises:
        DataError: the picture is named by an address. Pictures are not fetched.
    """
    if post.image is not None or post.image_url is None:
        return post.image
    url = post.image_url
    shown = url if len(url) <= LONGEST_URL else f"{url[:LONGEST_URL]}…"
    if url.lower().startswith("file:"):
        raise DataError("the picture is named by a file: URL", shown, "Write its path instead")
    raise DataError("the picture is a URL, and pictures are not fetched", shown, "Download it and give its path")


def list_names(folder: Path, suffixes: tuple[str, ...]) -> list[str]:
    """The names in a folder that end in one of `suffixes` (in capitals or small letters), sorted, from one listing.

    Names, not paths: a folder may hold some hundred thousand.

    Raises:
        DataError: the folder cannot be read.
    """
    return [name for name in _listed(folder) if _parts(name)[1] in suffixes]


def picture_names(folder: Path) -> list[str]:
    """The names of the pictures in a folder, sorted. A usual ending is enough; a file with another is opened, and is a
    picture where its first bytes say so, of a kind that is read or not.

    Raises:
        DataError: the folder cannot be read.
    """
    return [name for name in _listed(folder) if _is_picture(folder, name)]


def list_pictures(folder: Path) -> dict[str, str]:
    """Stem → name of a picture in `folder`. Of two pictures with one stem, the one whose suffix stands first in
    `PICTURE_SUFFIXES` is taken, and one without a usual ending last.

    Raises:
        DataError: the folder cannot be read.
    """
    order = {suffix: number for number, suffix in enumerate(PICTURE_SUFFIXES)}
    names = sorted(picture_names(folder), key=lambda name: order.get(_parts(name)[1], len(order)))
    found: dict[str, str] = {}
    for name in names:
        stem, suffix = _parts(name)
        found.setdefault(stem, name)
        if suffix not in order:  # `16.05` may be a whole name
            found.setdefault(name, name)
    return found


def left_aside(folder: Path, stems: Collection[str], used: Collection[str]) -> list[str]:
    """What should be said of the files of a folder of texts that no text came with.

    Args:
        folder: the folder.
        stems: of the names of its texts.
        used: names of the pictures that belong to them.
    """
    names = [name for name in _listed(folder) if name not in used]
    pictures = [name for name in names if _is_picture(folder, name)]
    others = {name for name in names if _parts(name)[0] in stems and _parts(name)[1] not in _NO_PICTURES}
    found = [(pictures, "no text takes these pictures")]
    found.append((sorted(others - set(pictures)), "named like a post, but no picture"))
    return [f"{folder}: {what}: {_some(names)}" for names, what in found if names]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _is_picture(folder: Path, name: str) -> bool:
    suffix = _parts(name)[1]
    if suffix in PICTURE_SUFFIXES:
        return True
    if suffix in _NO_PICTURES or name.startswith("."):
        return False
    return is_picture(folder / name)


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 (names)
    except OSError as error:
        raise DataError(f"cannot read the folder: {error.strerror}", str(folder), "Check its path") from error


def _parts(name: str) -> tuple[str, str]:
    """Stem and suffix in small letters; a name that only begins with a dot has no suffix."""
    stem, _, suffix = name.rpartition(".")
    return (stem, f".{suffix.lower()}") if stem else (name, "")
