"""Pictures as small JPEGs inside the page, as many as there is room for."""

import base64
import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.pictures import PictureLimits, decode, read_picture

LARGEST = 320
"""Longest side of a picture on a page with few posts, in pixels."""

SIZES = ((30_000, LARGEST, 75), (12_000, 240, 65), (6_000, 160, 60), (0, 120, 50))
"""What is made where there is room for so many characters a picture: longest side, JPEG quality."""


MANY = 300
"""So many pictures are shared out among processes: decoding holds Python's lock, and a process takes as long to start
as a hundred pictures.
"""


MOST_WORKERS = 8


def thumbnail(path: Path, limits: PictureLimits, side: int = LARGEST, quality: int = 75) -> str | None:
    """A picture as a `data:` address, without the metadata of its file; None where it cannot be read."""
    try:
        image = decode(read_picture(path, limits), limits, least=side)
    except DataError:
        return None
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def thumbnails(paths: Sequence[Path], limits: PictureLimits, room: int) -> Iterator[str | None]:
    """Every picture, in order, in `room` characters altogether; None where it cannot be read, and after the last that
    there was room for.
    """
    if not paths:
        return
    _, side, quality = next(size for size in SIZES if room / len(paths) >= size[0])
    for made in _made(paths, partial(thumbnail, limits=limits, side=side, quality=quality)):
        room -= len(made or "")
        yield made if room >= 0 else None


def _made(paths: Sequence[Path], make: Callable[[Path], str | None]) -> Iterator[str | None]:
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    if len(paths) < MANY or workers == 1:
        yield from map(make, paths)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
        yield from processes.map(make, paths, chunksize=50)
