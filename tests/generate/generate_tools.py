"""How a command line ended, pictures that look like no other, and the generator of a tiny Qwen2-VL."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator, QwenSettings


class Ran(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str


Mmavk = Callable[..., Ran]


def noise(width: int, height: int, seed: int) -> Image.Image:
    """A picture that looks like no other."""
    return Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(3 * width * height))


SIZES = [(112, 84), (196, 56), (56, 56), (280, 196), (84, 112), (60, 45), (400, 40), (56, 280)]
"""Width and height of pictures of every shape."""


def generator(folder: Path, **settings: Any) -> QwenGenerator:
    """What writes with the model in a folder, 20 tokens at most."""
    return QwenGenerator(QwenSettings(vlm=str(folder), device="cpu", max_new_tokens=20, **settings))


def views(made: QwenGenerator) -> list[View]:
    """A picture of each size."""
    return [made.ready(noise(*size, seed)) for seed, size in enumerate(SIZES)]
