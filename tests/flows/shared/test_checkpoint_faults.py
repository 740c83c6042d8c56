"""A checkpoint that is not whole, or is for other data, ends the command with what is wrong, where, and exit code."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import mmavk_cli
from mmavk_cli.base.files import unfinished_folder
from mmavk_cli.base.records import TYPES
from mmavk_cli.cli.main import app
from mmavk_cli.spans import tag_names

TOKENIZER = Path(mmavk_cli.__file__).parent / "embedded" / "tokenizer.json"
DATA = "IMGID:1\nParis\tB-LOC\nis\tO\nfar\tO\n\nIMGID:2\nNASA\tB-ORG\n\n"


def mmavk(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with random weights and frozen knowledge (`torch`), exported (`onnx`), and data sets."""
    import torch
    from transformers import BertConfig, BertModel

    from mmavk_cli.tagger.build import Parts, assembled
    from mmavk_cli.tagger.checkpoint import TaggerConfig
    from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge
    from mmavk_cli.tagger.encoders.transformer_layers import TransformerLayers
    from mmavk_cli.tagger.inference.torch_model import save_model
    from mmavk_cli.tagger.settings import PieceSettings

    folder = tmp_path_factory.mktemp("faults")
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    encoder, other = (TransformerLayers(BertModel(BertConfig(**sizes), add_pooling_layer=False)) for _ in range(2))
    model = assembled(encoder, Parts("word", "crf", tag_names(TYPES)))
    model.fusion.frozen = FrozenKnowledge(other)
    save_model(model, TaggerConfig(tag_names(TYPES), PieceSettings(), "tiny", frozen=True), folder / "torch")
    shutil.copyfile(TOKENIZER, folder / "torch" / "tokenizer.json")
    assert mmavk("export", folder / "torch", "--out", folder / "onnx", "--no-int8").exit_code == 0
    for name, text in {"small": DATA, "ships": DATA.replace("B-ORG", "B-SHIP")}.items():
        (folder / "data" / name).mkdir(parents=True)
        (folder / "data" / name / "test.txt").write_text(text)
    return folder


def scored(place: Path, model: Path, dataset: str = "small") -> Result:
    return mmavk("eval", model, "--dataset", dataset, "--data-dir", place / "data", "--format", "json")


def gone(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribbled(path: Path) -> None:
    path.write_bytes(b"\0nothing of the kind" * 50)


def says(**others: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | others))

    return change


def without(tensor: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        from safetensors.numpy import load_file, save_file

        save_file({name: one for name, one in load_file(path).items() if name != tensor}, path, {"format": "pt"})

    return change


SHORT = list(tag_names(("PER", "LOC")))
FAULTS = {
    "no config": ("tagger.json", gone, "no checkpoint here"),
    "config cut": ("tagger.json", cut, "the checkpoint is broken"),
    "config no JSON": ("tagger.json", scribbled, "the checkpoint is broken"),
    "another format": ("tagger.json", says(format=2), "unsupported checkpoint format 2 (expected 1)"),
    "unknown field": ("tagger.json", says(nonsense=1), "the checkpoint is broken"),
    "tags no list": ("tagger.json", says(tags="O"), "the checkpoint is broken"),
    "tags out of order": ("tagger.json", says(tags=["B-PER", "O"]), "the checkpoint is broken"),
    "other tags than weights": ("tagger.json", says(tags=SHORT), "the head does not fit the encoder"),
    "gate no gate": ("tagger.json", says(gate={"threshold": "high"}), "the checkpoint is broken"),
    "gate of another kind": ("tagger.json", says(gate={"height": 1}), "the checkpoint is broken"),
    "no head": ("head.safetensors", gone, "cannot read the head"),
    "head cut": ("head.safetensors", cut, "cannot read the head"),
    "head scribbled over": ("head.safetensors", scribbled, "cannot read the head"),
    "head lacks a tensor": ("head.safetensors", without("crf.end"), "the head does not fit the encoder"),
    "no tokenizer": ("tokenizer.json", gone, "cannot load the tokenizer"),
    "tokenizer cut": ("tokenizer.json", cut, "cannot load the tokenizer"),
}
TORCH = FAULTS | {
    "no encoder": ("encoder", gone, "cannot load the encoder"),
    "no encoder config": ("encoder/config.json", gone, "cannot load the encoder"),
    "encoder config cut": ("encoder/config.json", cut, "cannot load the encoder"),
    "no encoder weights": ("encoder/model.safetensors", gone, "cannot load the encoder"),
    "encoder weights cut": ("encoder/model.safetensors", cut, "cannot load the encoder"),
    "encoder lacks a tensor": (
        "encoder/model.safetensors",
        without("encoder.layer.0.output.dense.bias"),
        "the encoder's weights lack encoder.layer.0.output.dense.bias",
    ),
    "no encoder of knowledge": ("knowledge-encoder", gone, "cannot load the encoder"),
    "encoder of knowledge cut": ("knowledge-encoder/model.safetensors", cut, "cannot load the encoder"),
}
ONNX = FAULTS | {
    "ONNX cut": ("encoder.onnx", cut, "cannot load the encoder"),
    "no ONNX": ("encoder.onnx", gone, "cannot load the encoder"),
    "ONNX scribbled over": ("encoder.onnx", scribbled, "cannot load the encoder"),
    "no ONNX of knowledge": ("knowledge-encoder.onnx", gone, "cannot load the encoder"),
}


@pytest.mark.parametrize(
    ("kind", "fault"), [*(("torch", fault) for fault in TORCH), *(("onnx", fault) for fault in ONNX)]
)
def test_a_broken_checkpoint_is_told(place: Path, tmp_path: Path, kind: str, fault: str) -> None:
    name, harm, text = {"torch": TORCH, "onnx": ONNX}[kind][fault]
    shutil.copytree(place / kind, tmp_path / "model")
    harm(tmp_path / "model" / name)
    error = scored(place, tmp_path / "model").exception
    assert getattr(error, "code", None) == 5, error
    assert text in error.what
    assert str(tmp_path / "model") in error.where
    assert error.do


@pytest.mark.parametrize("kind", ["torch", "onnx"])
def test_a_whole_checkpoint_is_scored(place: Path, kind: str) -> None:
    result = scored(place, place / kind)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["posts"] == 2


@pytest.mark.parametrize("kind", ["torch", "onnx"])
def test_a_data_set_with_a_type_the_checkpoint_lacks(place: Path, kind: str) -> None:
    error = scored(place, place / kind, "ships").exception
    assert getattr(error, "code", None) == 3, error
    assert error.what == "unknown tag 'B-SHIP' of 'NASA'"
    assert "test.txt" in error.where
    assert error.do.startswith(f"The types of {place / kind} are PER, LOC, ORG, MISC. ")
    assert "--types SHIP=TYPE" in error.do


def test_a_run_that_is_still_in_training_is_told(place: Path, tmp_path: Path) -> None:
    unfinished_folder(tmp_path / "run").mkdir()
    error = scored(place, tmp_path / "run").exception
    assert getattr(error, "code", None) == 5
    assert error.do == "Its training is unfinished: --resume continues it"


def test_a_broken_checkpoint_is_told_by_export_and_tag_too(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "torch", tmp_path / "model")
    cut(tmp_path / "model" / "head.safetensors")
    model = tmp_path / "model"
    for words in (["export", model, "--out", tmp_path / "out"], ["tag", "--text", "Paris", "--model", model]):
        error = mmavk(*words).exception
        assert getattr(error, "code", None) == 5, error
        assert "cannot read the head" in error.what
    assert not (tmp_path / "out" / "tagger.json").exists()
