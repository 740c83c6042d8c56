"""Pictures as small JPEGs inside the page, as many as there is room for."""

import base64
import io
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import repeat
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import TYPE_CHECKING

from mmavk_cli.base.cores import cores
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import Picture, PictureLimits, decode, read_picture, upright_rgb

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST = 320
"""Longest side of a picture on a page with few posts, in pixels."""

SIZES = ((30_000, LARGEST, 75), (12_000, 240, 65), (6_000, 160, 60), (0, 120, 50))
"""What is made where there is room for so many characters a picture: longest side, JPEG quality."""

MOST_THREADS = 8
AT_ONCE = 16
"""Pictures that a thread takes each time: one takes a millisecond, and taking has its price."""


def thumbnail(path: Path, limits: PictureLimits, side: int = LARGEST, quality: int = 75) -> str | None:
    """A picture as a `data:` address, without the metadata of its file; None where it cannot be read.

    Args:
        path: of the picture.
        limits: largest file and size that are read.
        side: longest side in pixels.
        quality: of the JPEG, 1 to 95.
    """
    try:
        return _small(decode(read_picture(path, limits), limits, least=side), side, quality)
    except DataError:
        return None


def thumbnail_of(picture: "bytes | Image") -> str | None:
    """The same of the bytes of a picture file, or of a picture of Pillow."""
    try:
        image = decode(Picture(Path(), picture), least=LARGEST) if isinstance(picture, bytes) else upright_rgb(picture)
    except DataError:
        return None
    return _small(image.copy(), LARGEST, 75)


def _small(image: "Image", side: int, quality: int) -> str:
    from PIL.Image import Resampling

    image.thumbnail((side, side), Resampling.HAMMING)  # as sharp as the default in half the time
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def thumbnails(paths: Sequence[Path], limits: PictureLimits, room: int) -> Iterator[str | None]:
    """Every picture, in order, in `room` characters altogether; None where it cannot be read, and after the last that
    there was room for.

    They are made in threads: Pillow lets go of Python's lock while it unpacks, shrinks and packs.
    """
    if not paths:
        return
    _, side, quality = next(size for size in SIZES if room / len(paths) >= size[0])
    make = partial(thumbnail, limits=limits, side=side, quality=quality)
    given = 0
    with ThreadPool(min(cores(), MOST_THREADS)) as threads:
        for made in threads.imap(make, paths, chunksize=AT_ONCE):
            room -= len(made or "")
            if room < 0:
                break
            yield made
            given += 1
    yield from repeat(None, len(paths) - given)
