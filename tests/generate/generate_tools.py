"""How a command line ended, and pictures that look like no other."""

import random
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image


class Ran(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str


Mmavk = Callable[..., Ran]


def noise(width: int, height: int, seed: int) -> Image.Image:
    """A picture that looks like no other."""
    return Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(3 * width * height))
