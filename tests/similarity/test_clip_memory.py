"""What a CLIP takes, told from its settings, against real ones."""

import os
import subprocess
import sys
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip.pretrained import get_pretrained_cfg

from mmavk_cli.base.errors import MissingError
from mmavk_cli.similarity.clip_memory import ClipSize, clip_config
from mmavk_cli.similarity.clip_source import REPOSITORIES, ClipChoice, clip_source


def size(name: str) -> ClipSize:
    return ClipSize.of(clip_config(clip_source(ClipChoice(clip=name))), name)


@pytest.mark.parametrize("model", ["ViT-B-32", "ViT-L-14", "ViT-B-16-plus-240"])
def test_all_numbers_of_its_weights_are_counted(model: str):
    with torch.device("meta"):
        own = open_clip.CLIP(**(open_clip.get_model_config(model) or {}))
    assert size(f"{model}/any").parameters == sum(parameter.numel() for parameter in own.parameters())


def test_those_of_a_folder_too(tiny_clip: Path):
    own = open_clip.create_model(f"local-dir:{tiny_clip}", load_weights=False)
    assert size(str(tiny_clip)).parameters == sum(parameter.numel() for parameter in own.parameters())


@pytest.mark.parametrize("name", ["RN50/openai", "convnext_base/any", "no-such-model/any"])
def test_a_size_that_is_not_told(name: str):
    with pytest.raises(MissingError):
        size(name)


def test_the_weights_are_where_open_clip_looks_for_them():
    for name, repository in REPOSITORIES.items():
        assert get_pretrained_cfg(*name.split("/"))["hf_hub"] == f"{repository}/"


MEASURED = """
import resource, sys
from pathlib import Path
import open_clip, torch
from mmavk_cli.base.device import peak_memory
model = open_clip.create_model("ViT-B-32", load_weights=False, pretrained_text=False).eval()
with torch.inference_mode():
    model.encode_image(torch.zeros(1, 3, 224, 224))  # what the libraries take for themselves
    begin = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    model.encode_image(torch.randn(32, 3, 224, 224))
print(peak_memory() - begin)
"""


@pytest.mark.slow
def test_a_batch_takes_what_is_told_within_a_fifth():
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], check=False, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert size("ViT-B-32/openai").batch(32, 4) == pytest.approx(int(done.stdout), rel=0.2)
