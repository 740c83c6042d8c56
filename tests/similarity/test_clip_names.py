"""A CLIP that is named as others name it: told with open_clip's name."""

from pathlib import Path

import pytest

from mmavk_cli.base.errors import UsageError
from mmavk_cli.similarity.clip_source import ClipChoice, clip_source, open_clip_name

OTHERS = {
    "ViT-B/32": "ViT-B-32/openai",
    "vit-b/16": "ViT-B-16/openai",
    "ViT-L/14@336px": "ViT-L-14-336/openai",
    "ViT-B/32/laion2b_e16": "ViT-B-32/laion2b_e16",
    "openai/clip-vit-base-patch32": "ViT-B-32/openai",
    "openai/clip-vit-large-patch14-336": "ViT-L-14-336/openai",
    "laion/CLIP-ViT-H-14-laion2B-s32B-b79K": "ViT-H-14/laion2b_s32b_b79k",
    "laion/CLIP-ViT-g-14-laion2B-s12B-b42K": "ViT-g-14/laion2b_s12b_b42k",
    "ViT-B-32": "ViT-B-32/openai",
    "RN50x4": "RN50x4/openai",
}


@pytest.mark.parametrize(("typed", "meant"), OTHERS.items())
def test_another_spelling_is_told_with_open_clips(typed: str, meant: str):
    with pytest.raises(UsageError, match=r"in another way|with a tag") as caught:
        clip_source(ClipChoice(clip=typed))
    assert caught.value.do == f"Did you mean {meant}?"


@pytest.mark.parametrize("name", OTHERS.values())
def test_the_names_that_are_told_are_open_clips_own(name: str):
    open_clip = pytest.importorskip("open_clip")
    model, _, tag = name.partition("/")
    assert tag in open_clip.list_pretrained_tags_by_model(model)
    assert clip_source(ClipChoice(clip=name)).name == name


def test_with_weights_a_model_needs_no_tag(tmp_path: Path):
    (tmp_path / "w.safetensors").write_bytes(b"x")
    with pytest.raises(UsageError) as caught:
        clip_source(ClipChoice(clip="ViT-B/32", clip_weights=tmp_path / "w.safetensors"))
    assert caught.value.do == "Did you mean ViT-B-32?"
    assert clip_source(ClipChoice(clip="ViT-B-32", clip_weights=tmp_path / "w.safetensors")).model == "ViT-B-32"


@pytest.mark.parametrize("name", ["ViT-B-32/openai", "ViT-B-32-quickgelu/openai", "coca_ViT-B-32/mscoco", "x"])
def test_other_names_are_left_alone(name: str):
    assert open_clip_name(name, tagged=True) is None
