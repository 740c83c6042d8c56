"""CLIP on a GPU, pretended where there is none, in both precisions."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pretended_gpu import CUDA, pretended_gpu

from mmavk_cli.similarity.clip import load_clip
from mmavk_cli.similarity.clip_source import ClipChoice, clip_source

PICTURES = [Image.effect_noise((40, 50), 40 + 20 * seed).convert("RGB") for seed in range(5)]
TEXTS = ["a dog", "", "Ann visits Rome " * 40]


@pytest.mark.parametrize(("precision", "apart"), [("float32", 1e-5), ("float16", 5e-3)])
def test_vectors_are_those_of_the_processor(precision: str, apart: float, tiny_clip: Path):
    source = clip_source(ClipChoice(clip=str(tiny_clip)))
    plain = load_clip(source, "float32", "cpu", 4)
    wanted = plain.pictures([plain.prepared(one) for one in PICTURES]), plain.texts(TEXTS)[0]
    with pretended_gpu():
        clip = load_clip(source, precision, "cuda", 4)
        assert {one.device for one in clip.model.parameters()} == {CUDA}
        assert (torch.float16 in {one.dtype for one in clip.model.parameters()}) == (precision == "float16")
        found = clip.pictures([clip.prepared(one) for one in PICTURES]), clip.texts(TEXTS)[0]
    for vectors, same in zip(found, wanted, strict=True):
        assert vectors.dtype == np.float32
        assert vectors == pytest.approx(same, abs=apart)
