"""Every fusion from torch to ONNX and NumPy: the same numbers, and prefix refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import TAGS, example, network

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.records import Knowledge, Word
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.checkpoint import FROZEN_ONNX, TaggerConfig
from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge
from mmavk_cli.tagger.encoders.transformer_layers import load_transformer
from mmavk_cli.tagger.inference.onnx_export import export_onnx, files_of
from mmavk_cli.tagger.inference.onnx_model import load_runtime
from mmavk_cli.tagger.inference.torch_model import TorchModel, load_model, save_model
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings

POSTS = (
    ("Houston calls", "a sign", 1.0),
    ("so far away from home again today", "", 1.0),
    ("a", "a long red road in May", 0.3),
)


def saved(folder: Path, encoder: Path, fusion: str, *, frozen: bool = False) -> TaggerConfig:
    """A tagger with random weights; a fresh fusion ignores knowledge, so it is drawn too."""
    visual = (8,) if fusion == "prefix" else ()
    model = network(encoder, fusion, features=visual)
    model.fusion.frozen = FrozenKnowledge(load_transformer(encoder)) if frozen else None
    with torch.no_grad():
        if fusion == "word":
            model.fusion.weigh.weight.normal_(0, 0.3)
        for weights in model.encoder.parameters():
            weights.add_(torch.randn_like(weights), alpha=0.05)
    config = TaggerConfig(TAGS, PieceSettings(fusion=fusion, text_pieces=8), "tiny", frozen=frozen, visual=visual)
    save_model(model, config, folder)
    shutil.copyfile(encoder / "tokenizer.json", folder / "tokenizer.json")
    return config


def examples(cutter: PieceCutter) -> list[Example]:
    words = [[Word(token, 0, len(token)) for token in text.split()] for text, _, _ in POSTS]
    told = [Knowledge(text, "r", weight=weight) for _, text, weight in POSTS]
    return [example(cutter, own, known) for own, known in zip(words, told, strict=True)]


@pytest.mark.parametrize(("fusion", "frozen"), [("word", False), ("word", True), ("concat", False), ("text", False)])
def test_onnx_gives_the_emissions_of_torch(tiny_encoder: Path, tmp_path: Path, fusion: str, frozen: bool) -> None:
    config = saved(tmp_path / "torch", tiny_encoder, fusion, frozen=frozen)
    model, _ = load_model(tmp_path / "torch")
    for kind in ("float", "int8"):
        (tmp_path / kind).mkdir()
        export_onnx(tmp_path / "torch", tmp_path / kind, config, int8=kind == "int8")
        assert {path.name for path in (tmp_path / kind).iterdir()} == set(files_of(config))
        assert (tmp_path / kind / FROZEN_ONNX).exists() == frozen
    exact, found = load_runtime(tmp_path / "float", 1)
    small, _ = load_runtime(tmp_path / "int8", 1)
    assert found == config
    posts = examples(exact.cutter)
    batch = collate(posts)
    assert len(batch.ids) > len(posts)  # a post in two windows
    plain = TorchModel(model).logits(batch)
    there = batch.word_mask
    np.testing.assert_allclose(exact.model.logits(batch)[there], plain[there], atol=1e-5)
    assert np.abs(small.model.logits(batch)[there] - plain[there]).max() < 0.2 * np.abs(plain[there]).max()
    blank = collate([Example(post.pieces) for post in posts])
    changed = np.abs(exact.model.logits(blank) - exact.model.logits(batch)).max(axis=(1, 2)) > 1e-4
    assert changed.tolist() == ([False] * 3 if fusion == "text" else [True, False, True])


def test_an_export_over_an_older_one_leaves_no_encoder_of_it(tiny_encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name, frozen in (("first", True), ("second", False)):
        config = saved(tmp_path / name, tiny_encoder, "word", frozen=frozen)
        export_onnx(tmp_path / name, tmp_path / "out", config, int8=False)
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(files_of(config))


def test_prefix_has_no_onnx_form(tiny_encoder: Path, tmp_path: Path) -> None:
    config = saved(tmp_path / "torch", tiny_encoder, "prefix")
    with pytest.raises(UsageError, match="prefix has no ONNX form"):
        export_onnx(tmp_path / "torch", tmp_path, config, int8=False)
