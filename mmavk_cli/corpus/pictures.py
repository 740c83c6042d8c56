"""Pictures in a folder, found by the stem of their names."""

import os
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import PICTURE_SUFFIXES
from mmavk_cli.base.records import Post

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
    try:
        return sorted(name for name in os.listdir(folder) if _parts(name)[1] in suffixes)  # noqa: PTH208 (names)
    except OSError as error:
        raise DataError(f"cannot read the folder: {error.strerror}", str(folder), "Check its path") from error


def list_pictures(folder: Path) -> dict[str, str]:
    """Stem → name of a picture in `folder`. Of two pictures with one stem, the one whose suffix stands first in
    `PICTURE_SUFFIXES` is taken.

    Raises:
        DataError: the folder cannot be read.
    """
    names = list_names(folder, PICTURE_SUFFIXES)
    names.sort(key=lambda name: PICTURE_SUFFIXES.index(_parts(name)[1]), reverse=True)
    return {_parts(name)[0]: name for name in names}


def _parts(name: str) -> tuple[str, str]:
    """Stem and suffix in small letters; a name that only begins with a dot has no suffix."""
    stem, _, suffix = name.rpartition(".")
    return (stem, f".{suffix.lower()}") if stem else (name, "")
