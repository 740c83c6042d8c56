"""Pictures that look like no other, and the generator of a tiny Qwen2-VL."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tiny_qwen import save_tiny

from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator, QwenSettings


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


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Qwen2-VL."""
    return save_tiny(tmp_path_factory.mktemp("tiny-qwen"))


@pytest.fixture
def qwen(tiny: Path) -> Iterator[QwenGenerator]:
    """What writes with it."""
    made = generator(tiny)
    yield made
    made.free()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of six pictures of different sizes."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, size in enumerate([(112, 84), (196, 56), (56, 56), (280, 196), (84, 112), (60, 45)]):
        noise(*size, number).save(folder / f"p{number}.png")
    return folder
