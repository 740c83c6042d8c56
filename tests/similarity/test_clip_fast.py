"""Towers without the work that nobody reads: the vectors of open_clip's own, for every kind of model that has them."""

from collections.abc import Sequence
from typing import Any

import open_clip
import pytest
import torch
from torch import Tensor

from mmavk_cli.similarity.clip_fast import Tower, encode_text, shorten

VISION = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
TEXT = {"context_length": 20, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 3}
BOTH, PICTURES, TEXTS, NEITHER = (True, True), (True, False), (False, True), (False, False)

KINDS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], tuple[bool, bool]]] = {
    "GELU": ({}, {}, {}, BOTH),
    "QuickGELU": ({"quick_gelu": True}, {}, {}, BOTH),
    "layer scale": ({}, {"ls_init_value": 0.3}, {"ls_init_value": 0.3}, BOTH),
    "norm after pooling": ({}, {"final_ln_after_pool": True, "no_ln_pre": True}, {"proj_bias": True}, BOTH),
    "texts not projected": ({}, {}, {"proj_type": "none", "width": 16}, BOTH),
    "one layer": ({}, {"layers": 1}, {"layers": 1}, BOTH),
    "pictures by their mean": ({}, {"pool_type": "avg"}, {}, TEXTS),
    "pictures by attention": ({}, {"attentional_pool": True, "attn_pooler_heads": 2}, {}, TEXTS),
    "texts by their last place": ({}, {}, {"pool_type": "last"}, PICTURES),
    "texts read both ways": ({}, {}, {"no_causal_mask": True}, PICTURES),
    "other blocks": ({}, {"qk_norm": True}, {"scale_fc": True}, NEITHER),
    "a ResNet": ({}, {"layers": [1, 1, 1, 1], "width": 8, "image_size": 64}, {}, TEXTS),
    "a text tower of its own": ({"custom_text": True}, {}, {}, PICTURES),
}


def made(kind: str, dtype: torch.dtype) -> Any:
    """A model whose biases and norms are no zeros and ones."""
    whole, vision, text, _ = KINDS[kind]
    custom = whole.get("custom_text", False)
    settings = {name: value for name, value in whole.items() if name != "custom_text"}
    torch.manual_seed(3)
    build = open_clip.CustomTextCLIP if custom else open_clip.CLIP
    model = build(embed_dim=16, vision_cfg=VISION | vision, text_cfg=TEXT | text, **settings)
    with torch.no_grad():
        for one in model.parameters():
            one.add_(0.1 * torch.randn_like(one))
    return model.to(dtype).eval()


def inputs(kind: str, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    size = (VISION | KINDS[kind][1])["image_size"]
    return torch.randn(5, 3, size, size, dtype=dtype), open_clip.tokenize(
        ["Ann", "", "what a night in Rome", "dogs 🐕 on a sofa " * 9, "a"], TEXT["context_length"]
    )


def vectors(model: Any, pictures: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    """Of pictures and of texts."""
    with torch.inference_mode():
        return model.encode_image(pictures), encode_text(model, ids)


def largest(pairs: Sequence[tuple[Tensor, Tensor]]) -> float:
    return max(float((one - other).abs().max() / other.abs().max()) for one, other in pairs)


@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
@pytest.mark.parametrize("kind", KINDS)
def test_vectors_are_those_of_the_whole_model(kind: str, dtype: torch.dtype, most: float):
    model, (pictures, ids) = made(kind, dtype), inputs(kind, dtype)
    with torch.inference_mode():
        whole = model.encode_image(pictures).clone(), model.encode_text(ids).clone()
    shorten(model)
    text = model.text if KINDS[kind][0].get("custom_text") else model
    short = tuple(isinstance(getattr(one, "transformer", None), Tower) for one in (model.visual, text))
    assert short == KINDS[kind][3]
    assert largest(list(zip(vectors(model, pictures, ids), whole, strict=True))) < most


def test_the_last_layers_see_one_token_and_the_others_all():
    model, (pictures, ids) = made("GELU", torch.float32), inputs("GELU", torch.float32)
    shorten(model)
    seen: dict[str, list[tuple[int, ...]]] = {"pictures": [], "texts": []}
    for name, tower in (("pictures", model.visual.transformer), ("texts", model.transformer)):
        for block in tower.resblocks:
            block.mlp.register_forward_hook(
                lambda _module, given, _out, name=name: seen[name].append(tuple(given[0].shape))
            )
    vectors(model, pictures, ids)
    assert seen == {"pictures": [(5, 17, 32), (5, 1, 32)], "texts": [(5, 20, 32), (5, 20, 32), (5, 1, 32)]}


def test_half_precision_gives_the_same_but_for_its_rounding():
    model, (pictures, ids) = made("QuickGELU", torch.float32), inputs("QuickGELU", torch.float32)
    with torch.inference_mode():
        whole = model.encode_image(pictures).clone(), model.encode_text(ids).clone()
    half = made("QuickGELU", torch.float32)
    open_clip.model.convert_weights_to_lp(half, dtype=torch.bfloat16)
    shorten(half)
    found = vectors(half, pictures.to(torch.bfloat16), ids)
    assert largest([(one.float(), other) for one, other in zip(found, whole, strict=True)]) < 0.05
