"""Scores against the plain loop of open_clip's README: one post at a time, float32."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import huggingface_hub
import open_clip
import pytest
import torch
from drawn import TEXTS, draw, lines, written
from open_clip.transformer import QuickGELU
from PIL import Image
from ran import Mmavk
from safetensors.torch import save_file

from mmavk_cli.similarity.clip import load_clip
from mmavk_cli.similarity.clip_source import ClipChoice, clip_source


def one_by_one(model: Any, preprocess: Any, tokenizer: Any, pairs: Sequence[tuple[str, Path]]) -> list[float]:
    """The README's way."""
    model.eval()
    found = []
    with torch.no_grad():
        for text, path in pairs:
            image = preprocess(Image.open(path)).unsqueeze(0)
            image_features = model.encode_image(image)
            text_features = model.encode_text(tokenizer([text]))
            image_features /= image_features.norm(dim=-1, keepdim=True)
            text_features /= text_features.norm(dim=-1, keepdim=True)
            found.append(float(image_features @ text_features.T))
    return found


def reference(folder: Path, pairs: Sequence[tuple[str, Path]]) -> list[float]:
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    return one_by_one(model, preprocess, open_clip.get_tokenizer(f"local-dir:{folder}"), pairs)


def scores(path: Path) -> dict[str, float]:
    return {row["id"]: row["similarity"] for row in lines(path / "similarity.jsonl")}


@pytest.mark.parametrize("batch", [1, 3, 32])
def test_scores_are_those_of_the_plain_loop(batch: int, mmavk: Mmavk, tiny_clip: Path, posts: Path, tmp_path: Path):
    out = tmp_path / "run"
    assert mmavk("score", "--input", posts, "--clip", tiny_clip, "--clip-batch", batch, "--out", out).code == 0
    expected = reference(tiny_clip, [(text, tmp_path / f"{number}.jpg") for number, text in enumerate(TEXTS)])
    assert list(scores(out).values()) == pytest.approx(expected, abs=1e-5)
    assert max(expected) - min(expected) > 0.1, "the reference must tell posts apart"


def test_order_batch_and_workers_change_nothing(mmavk: Mmavk, tiny_clip: Path, tmp_path: Path):
    rows = [
        {"id": number, "text": f"{TEXTS[number % 5]} {number}", "image": draw(tmp_path / f"{number}.png", number).name}
        for number in range(40)
    ]
    found = []
    for order, batch, workers in (
        ([*range(40)], 32, 1),
        ([*range(39, -1, -1)], 5, 4),
        ([*range(0, 40, 2), 1, 3], 1, 2),
    ):
        name = f"{batch}"
        source = written(tmp_path / f"posts-{name}.jsonl", [rows[number] for number in order])
        common = (
            "--clip",
            tiny_clip,
            "--clip-batch",
            batch,
            "--workers",
            workers,
            "--store",
            tmp_path / f"store-{name}",
        )
        assert mmavk("score", "--input", source, *common, "--out", tmp_path / name).code == 0
        found.append(scores(tmp_path / name))
    for other in found[1:]:
        assert other == pytest.approx({name: found[0][name] for name in other}, abs=2e-6)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache as `hf download` fills it, with a full-size ViT-B/32 of random weights under the name of OpenAI's."""
    cache = tmp_path_factory.mktemp("hub")
    folder = cache / "models--timm--vit_base_patch32_clip_224.openai"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    snapshot = folder / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = open_clip.create_model("ViT-B-32", load_weights=False)
    save_file(model.state_dict(), snapshot / "open_clip_model.safetensors")
    return cache


@pytest.mark.slow
def test_full_size_model_scores_as_the_plain_loop_does(
    hub: Path, mmavk: Mmavk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(hub))
    pairs = [(text, draw(tmp_path / f"{number}.jpg", number, (320, 240))) for number, text in enumerate(TEXTS[:3])]
    rows = [{"id": number, "text": text, "image": path.name} for number, (text, path) in enumerate(pairs)]
    out = tmp_path / "run"
    assert mmavk("score", "--input", written(tmp_path / "posts.jsonl", rows), "--out", out).code == 0
    (weights,) = hub.rglob("*.safetensors")
    model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32-quickgelu", pretrained=str(weights))
    assert isinstance(model.visual.transformer.resblocks[0].mlp.gelu, QuickGELU)
    expected = one_by_one(model, preprocess, open_clip.get_tokenizer("ViT-B-32"), pairs)
    assert list(scores(out).values()) == pytest.approx(expected, abs=1e-5)
    made = json.loads((out / "run.json").read_text())
    assert made["scorer"] == "ViT-B-32/openai"


@pytest.mark.slow
def test_activation_is_the_one_the_weights_were_trained_with(hub: Path):
    (weights,) = hub.rglob("*.safetensors")
    found = {}
    for clip in ("ViT-B-32/openai", "ViT-B-32/laion2b_s34b_b79k", "ViT-B-32-quickgelu/openai", "ViT-B-32"):
        loaded = load_clip(clip_source(ClipChoice(clip=clip, clip_weights=weights)), "float32", "cpu", 1)
        found[clip] = isinstance(loaded.model.visual.transformer.resblocks[0].mlp.gelu, QuickGELU)
        assert loaded.facts["arithmetic"]["quick_gelu"] == found[clip]
    assert found == {
        "ViT-B-32/openai": True,
        "ViT-B-32/laion2b_s34b_b79k": False,
        "ViT-B-32-quickgelu/openai": True,
        "ViT-B-32": False,
    }
