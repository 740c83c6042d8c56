"""Checkpoints as Qwen2-VL was published: a flat config, older names of tensors, several files and an index."""

import json
from pathlib import Path

import pytest
import torch
from generate_tools import noise
from ran import Mmavk
from safetensors.torch import load_file, save_file
from tiny_qwen import save_as_on_the_hub

from mmavk_cli.base.errors import MissingError
from mmavk_cli.knowledge.generators.vlm.memory import Footprint, read_config
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator, QwenSettings
from mmavk_cli.knowledge.generators.vlm.qwen2vl_load import load_model, quantised

pytestmark = pytest.mark.slow

SIZES = [(112, 84), (196, 56), (56, 56), (280, 196)]
LAST = "model-00001-of-00002.safetensors"


@pytest.fixture(scope="module")
def old(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_as_on_the_hub(tiny, tmp_path_factory.mktemp("old-qwen"))


def texts(folder: Path) -> list[str | None]:
    made = QwenGenerator(QwenSettings(vlm=str(folder), device="cpu", max_new_tokens=20))
    found = dict(made.write([made.ready(noise(*size, seed)) for seed, size in enumerate(SIZES)]))
    made.free()
    return [found[place].text for place in range(len(SIZES))]


def test_every_tensor_is_the_one_of_the_newer_layout(tiny: Path, old: Path):
    newer, older = (load_model(folder, "cpu", four_bit=False).model.state_dict() for folder in (tiny, old))
    assert newer.keys() == older.keys()
    assert [name for name in newer if not torch.equal(newer[name], older[name])] == []


def test_it_says_the_same(tiny: Path, old: Path):
    assert texts(old) == texts(tiny)


def test_its_size_is_told_from_the_flat_config(tiny: Path, old: Path):
    assert Footprint.of(read_config(old)) == Footprint.of(read_config(tiny))


@pytest.mark.parametrize("tied", [False, True])
def test_four_bits_go_where_they_should(tiny: Path, tmp_path: Path, tied: bool):
    model = load_model(save_as_on_the_hub(tiny, tmp_path, tied), "cpu", four_bit=True).model
    assert quantised(model) == {("language", True): 14, ("visual", False): 10, ("lm_head", False): 1}


def test_an_output_layer_that_is_the_embeddings_is_not_missing(tiny: Path, tmp_path: Path):
    folder = save_as_on_the_hub(tiny, tmp_path, tied=True)
    model = load_model(folder, "cpu", four_bit=False).model
    assert model.lm_head.weight is model.get_input_embeddings().weight
    own = sum(parameter.numel() * 4 for parameter in model.parameters())
    assert Footprint.of(read_config(folder), 4).weights(four_bit=False) == pytest.approx(own, rel=0.05)


@pytest.mark.parametrize(
    ("name", "four_bit"),
    [
        ("model.layers.1.mlp.up_proj.weight", False),
        ("model.layers.1.mlp.up_proj.weight", True),
        ("lm_head.weight", False),
    ],
)
def test_a_tensor_that_is_missing_is_not_drawn_at_random(tiny: Path, tmp_path: Path, name: str, four_bit: bool):
    folder = save_as_on_the_hub(tiny, tmp_path)
    tensors = load_file(folder / LAST)
    del tensors[name]
    save_file(tensors, folder / LAST, metadata={"format": "pt"})
    index = json.loads((folder / "model.safetensors.index.json").read_text("utf-8"))
    del index["weight_map"][name]
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(MissingError, match="lack") as caught:
        load_model(folder, "cpu", four_bit)
    assert name.rpartition("model.")[2] in caught.value.what


def test_a_tensor_of_another_size_is_told(tiny: Path, tmp_path: Path):
    folder = save_as_on_the_hub(tiny, tmp_path)
    tensors = load_file(folder / LAST)
    tensors["model.norm.weight"] = torch.ones(3)
    save_file(tensors, folder / LAST, metadata={"format": "pt"})
    with pytest.raises(MissingError, match=r"norm\.weight"):
        load_model(folder, "cpu", four_bit=False)


def test_a_file_of_the_index_that_is_not_there(old: Path, pictures: Path, tmp_path: Path, mmavk: Mmavk):
    for file in old.iterdir():
        if file.name != LAST:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    done = mmavk("generate", "--images", pictures, "--vlm", tmp_path, "--device", "cpu", "--store", tmp_path / "store")
    assert done.code == 5
    assert LAST in done.err
