"""Folders of a Qwen2-VL that are whole, broken, or of something else."""

import json
import shutil
from pathlib import Path

import pytest
from generate_tools import generator, noise
from tiny_qwen import save_tiny

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Json
from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm.qwen2vl_load import _attention

pytestmark = pytest.mark.slow


def test_the_recipe_names_the_model_its_state_and_its_quantisation(tiny: Path, tmp_path: Path):
    recipe = generator(tiny).recipe
    assert (recipe.model, recipe.generator, recipe.pixels) == (tiny.name, "qwen2vl", {"visual_tokens": 1024})
    assert recipe.versions.keys() == {"torch", "transformers", "pillow"}
    other = save_tiny(tmp_path / tiny.name, seed=1)
    changes: list[Json] = [{"four_bit": True}, {"prompt": "caption"}, {"visual_tokens": 512}]
    ids = {generator(tiny, **change).recipe.id for change in changes} | {generator(other).recipe.id}
    assert len(ids | {recipe.id}) == 5
    assert generator(tiny, pictures_per_batch="3").recipe.id == recipe.id


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_that_is_missing(file: str, tiny: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / file).unlink()
    with pytest.raises(MissingError, match=r"config\.json|files of the model are missing"):
        _ = generator(folder).recipe


@pytest.mark.parametrize(
    ("content", "what"), [("{", "broken"), ('{"model_type": "llava"}', "not a Qwen2-VL model but 'llava'")]
)
def test_a_config_of_something_else(content: str, what: str, tiny: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "config.json").write_text(content)
    with pytest.raises(MissingError, match=what):
        _ = generator(folder).recipe


@pytest.mark.parametrize("index", ["[]", '{"weight_map": []}', '{"weight_map": {"a": 3}}', "{"])
def test_an_index_of_the_weights_that_is_broken(index: str, tiny: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "model.safetensors.index.json").write_text(index)
    (folder / "model.safetensors").unlink()
    with pytest.raises(MissingError, match="files of the model are missing"):
        _ = generator(folder).recipe


def test_a_config_without_sizes(tiny: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / "config.json").write_text('{"model_type": "qwen2_vl"}')
    with pytest.raises(MissingError, match=r"config.json lacks 'hidden_size'"):
        generator(folder).room(4)


def test_a_model_without_a_chat_template(tiny: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    for file in folder.glob("chat_template.*"):
        file.unlink()
    with pytest.raises(MissingError, match=r"no chat template\. Copy chat_template"):
        list(generator(folder).write([View(noise(56, 56, 1), 4)]))


def test_another_flash_attention_of_the_same_name_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """FlashAttention 4 is a package of its own in the folder of FlashAttention 2."""
    (tmp_path / "flash_attn" / "cute").mkdir(parents=True)
    (tmp_path / "flash_attn" / "cute" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert _attention("cuda") == "sdpa"


def test_weights_that_are_cut(tiny: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MissingError, match="cannot load the model"):
        list(generator(folder).write([View(noise(56, 56, 1), 4)]))


def test_a_tokenizer_of_a_newer_version(tiny: Path, tmp_path: Path):
    """Its kinds are not known here; the library raises a bare Exception."""
    folder = shutil.copytree(tiny, tmp_path / "model")
    content = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    content["model"]["type"] = "OfTomorrow"
    (folder / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(MissingError, match="cannot load the model") as caught:
        generator(folder).generate(noise(56, 56, 1))
    assert caught.value.where == str(folder / "tokenizer.json")
    assert "newer version" in caught.value.do
