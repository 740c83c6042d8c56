"""Qwen2-VL on its real code path, with a tiny random model: batches, 4 bits, memory that runs out, loops."""

import gc
import json
import shutil
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from generate_tools import Mmavk, noise
from PIL import Image
from tiny_qwen import save_tiny

from mmavk_cli.base.device import InTurn, is_out_of_memory, memory, used_memory
from mmavk_cli.base.errors import MemoryShortError, MissingError, MmavkError
from mmavk_cli.base.records import Json
from mmavk_cli.knowledge import footprint
from mmavk_cli.knowledge.footprint import QWEN2_VL_7B, Footprint
from mmavk_cli.knowledge.generator import View
from mmavk_cli.knowledge.qwen2vl import (
    QwenGenerator,
    QwenSettings,
    _attention,
    check_quantised,
    load_model,
    quantised,
)
from mmavk_cli.knowledge.qwen_decode import answer, looping
from mmavk_cli.knowledge.store import Store
from mmavk_cli.knowledge.visual import visual_tokens

pytestmark = pytest.mark.slow

SIZES = [(112, 84), (196, 56), (56, 56), (280, 196), (84, 112), (60, 45), (400, 40), (56, 280)]


def generator(folder: Path, **settings: Any) -> QwenGenerator:
    return QwenGenerator(QwenSettings(vlm=str(folder), device="cpu", max_new_tokens=20, **settings))


@pytest.fixture
def qwen(tiny: Path) -> Any:
    made = generator(tiny)
    yield made
    made.free()


def views(made: QwenGenerator) -> list[View]:
    return [made.ready(noise(*size, seed)) for seed, size in enumerate(SIZES)]


# ---------------------------------------------------------------- batches


def test_a_batch_says_what_one_by_one_says(qwen: QwenGenerator):
    together = dict(qwen.write(views(qwen)))
    alone = [dict(qwen.write([view]))[0] for view in views(qwen)]
    assert [together[place] for place in range(len(SIZES))] == alone
    assert len({written.text for written in alone}) > 1
    lengths = {written.details["new_tokens"] for written in alone}
    assert len(lengths) > 1, "some texts end before others, which a batch must not change"


def test_the_visual_tokens_that_were_used_are_stored(qwen: QwenGenerator):
    found = dict(qwen.write(views(qwen)))
    assert [found[place].details["visual_tokens"] for place in range(4)] == [12, 14, 4, 70]


def test_the_cap_holds_in_the_model(tiny: Path):
    capped = generator(tiny, visual_tokens=16)
    view = capped.ready(noise(640, 480, 1))
    assert view.tokens <= 16
    ((_, written),) = capped.write([view])
    assert written.details["visual_tokens"] == view.tokens
    capped.free()


def test_a_view_that_lies_about_its_size_is_found(qwen: QwenGenerator):
    with pytest.raises(MmavkError, match="visual tokens"):
        list(qwen.write([View(noise(56, 56, 1), 9)]))


def test_padding_on_the_right_is_refused(tiny: Path):
    loaded = load_model(tiny, "cpu", four_bit=False)
    assert loaded.processor.tokenizer.padding_side == "left"
    loaded.processor.tokenizer.padding_side = "right"
    pair = [View(noise(w, 56, 1), visual_tokens(w, 56)) for w in (56, 112)]
    with pytest.raises(MmavkError, match="padded on the right"):
        answer(loaded, "say", pair, 2)


def test_the_same_picture_gives_the_same_text(qwen: QwenGenerator):
    image = noise(112, 112, 5)
    before = image.tobytes()
    assert qwen.generate(image) == qwen.generate(image)
    assert image.tobytes() == before


# ---------------------------------------------------------------- texts that do not end


def test_a_text_that_does_not_end_is_cut_and_flagged(tmp_path: Path):
    endless = generator(save_tiny(tmp_path, ends=False))
    for _, written in endless.write(views(endless)):
        assert written.details["flags"][0] in {"cut", "repeating"}
    endless.free()


def test_loops_are_seen_row_by_row():
    rows = [
        [1, 2, 3] * 16,
        list(range(48)),
        [7] * 48,
        list(range(24)) + [5, 6] * 12,
        list(range(40)) + [5] * 8,
    ]
    assert looping(torch.tensor(rows)).tolist() == [True, False, True, True, False]
    assert looping(torch.tensor([[3] * 10])).tolist() == [False]


def test_a_loop_ends_its_row_early(tiny: Path):
    loaded = load_model(tiny, "cpu", four_bit=False)
    loaded.model.lm_head.weight.data.zero_()  # every token is as likely: greedy takes the first, for ever
    ((text, ended, tokens),) = answer(loaded, "say", [View(noise(56, 56, 1), 4)], 200)
    assert (text, ended, tokens) == ("", False, 32)


# ---------------------------------------------------------------- memory


class Cramped:
    """Makes a real model run out of real memory beyond so many positions in a batch: the allocator is asked for more
    than any machine has."""

    def __init__(self, model: Any, positions: int) -> None:
        self.positions = positions
        self.hook = model.model.language_model.register_forward_pre_hook(self.check, with_kwargs=True)

    def check(self, _module: Any, _given: Any, named: Any) -> None:
        rows, length = named["inputs_embeds"].shape[:2]
        if rows * length > self.positions:
            torch.empty(1 << 60, dtype=torch.uint8)


def test_the_allocator_s_own_words_are_known():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))


def written_with(qwen: QwenGenerator, positions: int, batch: list[View]) -> list[Any]:
    list(qwen.write([qwen.ready(noise(56, 56, 1))]))  # loads it
    cramped = Cramped(qwen._turn.model, positions)
    try:
        found = dict(qwen.write(batch))
    finally:
        cramped.hook.remove()
    return [found[place] for place in range(len(batch))]


def prompt_length(qwen: QwenGenerator) -> int:
    """Tokens of a prompt without its picture."""
    from mmavk_cli.knowledge.qwen_decode import _chat

    processor = qwen._processor
    return len(processor.tokenizer(_chat(processor, qwen.prompt.text))["input_ids"]) - 1


def test_a_batch_that_is_too_large_is_halved_and_says_the_same(qwen: QwenGenerator):
    whole = [dict(qwen.write(views(qwen)))[place] for place in range(len(SIZES))]
    room = 3 * (prompt_length(qwen) + 70)
    halved = written_with(qwen, room, views(qwen))
    assert [one.text for one in halved] == [one.text for one in whole]
    assert {tuple(one.details["back_off"]) for one in halved} == {("batch 8 to 4", "batch 4 to 2")}
    assert qwen.room(12) == 2, "later batches begin where this one had to go"


def test_a_picture_that_is_too_large_is_shrunk(qwen: QwenGenerator):
    list(qwen.write([qwen.ready(noise(56, 56, 1))]))
    large = qwen.ready(noise(840, 840, 1))
    (written,) = written_with(qwen, prompt_length(qwen) + 300, [large])
    assert large.tokens == 900
    assert written.text is not None
    used = written.details["visual_tokens"]
    assert 64 <= used <= 225
    assert written.details["back_off"][-1].endswith(f"to {used}")


def test_what_fits_in_no_way_is_a_failed_row_and_the_others_go_on(qwen: QwenGenerator):
    small = qwen.ready(noise(56, 56, 1))
    list(qwen.write([small]))
    both = [small, qwen.ready(noise(840, 840, 1))]
    fine, failed = written_with(qwen, prompt_length(qwen) + 40, both)
    assert fine.text is not None
    assert failed.text is None
    assert str(failed.error).startswith("out of memory")
    assert len(failed.details["back_off"]) >= 3


def test_other_faults_of_the_model_are_not_taken_for_memory(qwen: QwenGenerator):
    view = qwen.ready(noise(56, 56, 1))
    list(qwen.write([view]))
    hook = qwen._turn.model.register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(qwen.write([view]))
    hook.remove()


def test_memory_that_ends_while_it_is_loaded_is_told_at_once(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    tries = []

    def load(*_: Any) -> None:
        tries.append(1)
        torch.empty(1 << 60, dtype=torch.uint8)

    monkeypatch.setattr("mmavk_cli.knowledge.qwen2vl.load_model", load)
    made = generator(tiny, batch_size="4")
    with pytest.raises(MemoryShortError, match="does not fit"):
        list(made.write(views(made)[:4]))
    assert len(tries) == 1, "smaller batches do not make the weights smaller"


def test_the_batch_follows_the_free_memory(qwen: QwenGenerator, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmavk_cli.knowledge.qwen2vl.memory", lambda _: (10 * qwen.footprint.picture(12, 20), 0))
    assert qwen.room(12) == 9
    assert qwen.room(100000) == 1
    monkeypatch.setattr("mmavk_cli.knowledge.qwen2vl.memory", lambda _: (1 << 50, 0))
    assert qwen.room(12) == footprint.MOST


def test_a_batch_size_of_ones_own(tiny: Path):
    assert generator(tiny, batch_size="5").room(10) == 5


def test_what_a_7b_takes_is_what_its_files_have():
    paper = Footprint.of(QWEN2_VL_7B)
    assert paper.weights(four_bit=False) == pytest.approx(16.58e9, rel=0.01)  # the safetensors files on the hub
    assert 6.5e9 < paper.weights(four_bit=True) < 7.1e9
    assert paper.cache_a_token == 57344  # 28 layers, keys and values, 4 heads of 128, 2 bytes


def test_what_the_tiny_one_takes_is_what_its_tensors_have(tiny: Path):
    model = load_model(tiny, "cpu", four_bit=False).model
    own = sum(parameter.numel() * 4 for parameter in model.parameters())
    guess = Footprint.of(json.loads((tiny / "config.json").read_text("utf-8")), 4).weights(four_bit=False)
    assert guess == pytest.approx(own, rel=0.05)  # norms and biases are left out, which count for more in a tiny model


# ---------------------------------------------------------------- 4 bits


def test_four_bits_go_to_the_language_layers_and_nowhere_else(tiny: Path):
    model = load_model(tiny, "cpu", four_bit=True).model
    assert quantised(model) == {("language", True): 14, ("visual", False): 10, ("lm_head", False): 1}
    layer = model.model.language_model.layers[0].mlp.up_proj
    assert (layer.weight.quant_state.quant_type, layer.weight.quant_state.nested) == ("nf4", True)
    assert layer.compute_dtype == torch.bfloat16
    assert model.lm_head.weight.dtype == torch.bfloat16


def test_four_bits_in_the_wrong_place_are_told(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmavk_cli.knowledge.qwen2vl.KEPT_WHOLE", ("visual", "lm_head"))
    with pytest.raises(MmavkError, match="4 bits did not go where they should"):
        load_model(tiny, "cpu", four_bit=True)
    with pytest.raises(MmavkError):
        check_quantised(torch.nn.ModuleDict({"visual": torch.nn.Linear(2, 2), "lm_head": torch.nn.Linear(2, 2)}))


def test_four_bits_write(tiny: Path):
    made = generator(tiny, four_bit=True)
    found = dict(made.write(views(made)[:3]))
    assert all(written.text is not None for written in found.values())
    made.free()


# ---------------------------------------------------------------- models in turn


def test_a_model_is_gone_after_it_was_freed(tiny: Path):
    made = generator(tiny)
    list(made.write(views(made)[:2]))
    gone = [weakref.ref(made._turn.model), *(weakref.ref(weight) for weight in made._turn.model.parameters())]
    assert InTurn.loaded()
    made.free()
    assert [ref() for ref in gone] == [None] * len(gone)
    assert not InTurn.loaded()


def test_two_large_models_at_once_are_a_fault(tiny: Path):
    first, second = generator(tiny), generator(tiny)
    list(first.write(views(first)[:1]))
    with pytest.raises(MmavkError, match="qwen2vl is still loaded"):
        list(second.write(views(second)[:1]))
    first.free()
    list(second.write(views(second)[:1]))
    second.free()


def test_a_model_that_somebody_holds_is_not_called_free():
    turn = InTurn("big", lambda: torch.nn.Linear(2, 2))
    held = turn.model
    with pytest.raises(MmavkError, match="still held"):
        turn.free()
    del held
    gc.collect()
    assert not InTurn.loaded()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_the_gpu_s_memory_comes_back(tiny: Path):
    before = torch.cuda.memory_reserved()
    made = QwenGenerator(QwenSettings(vlm=str(tiny), device="cuda", max_new_tokens=8))
    list(made.write(views(made)))
    made.free()
    assert torch.cuda.memory_reserved() - before < 200e6


def deepened(tiny: Path, folder: Path, times: float) -> Path:
    """The tiny model's folder, whose settings promise float32 weights of so many times the free memory."""
    shutil.copytree(tiny, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    layers = config["text_config"]["num_hidden_layers"]
    layer = Footprint.of(config, 4).language / layers * 4
    config["text_config"]["num_hidden_layers"] = round(times * memory("cpu")[0] / layer)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    return folder


@pytest.mark.parametrize("options", [(), ("--4bit",), ("--batch-size", "4")])
def test_weights_larger_than_the_memory_are_not_loaded(
    options: tuple[str, ...], tiny: Path, mmavk: Mmavk, pictures: Path, tmp_path: Path
):
    vlm = deepened(tiny, tmp_path / "vlm", 30)
    asked = ("generate", "--images", pictures, "--vlm", vlm, "--device", "cpu", "--store", tmp_path / "store")
    done = mmavk(*asked, *options)
    assert done.code == 6
    assert "GB are free" in done.err
    assert ("--4bit" in done.err) == ("--4bit" not in options)


def test_memory_is_told_in_bytes():
    free, total = memory("cpu")
    assert 0 < free < total
    assert 0 < used_memory() < total


# ---------------------------------------------------------------- which model


def test_the_recipe_names_the_model_its_state_and_its_quantisation(tiny: Path, tmp_path: Path):
    recipe = generator(tiny).recipe
    assert (recipe.model, recipe.generator, recipe.pixels) == (tiny.name, "qwen2vl", {"visual_tokens": 1024})
    assert recipe.versions.keys() == {"torch", "transformers", "pillow"}
    other = save_tiny(tmp_path / tiny.name, seed=1)
    changes: list[Json] = [{"four_bit": True}, {"prompt": "caption"}, {"visual_tokens": 512}]
    ids = {generator(tiny, **change).recipe.id for change in changes} | {generator(other).recipe.id}
    assert len(ids | {recipe.id}) == 5
    assert generator(tiny, batch_size="3").recipe.id == recipe.id


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_that_is_missing(file: str, tiny: Path, tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    (folder / file).unlink()
    with pytest.raises(MissingError, match=r"config\.json|files of the model are missing"):
        _ = generator(folder).recipe


@pytest.mark.parametrize(("content", "what"), [("{", "broken"), ('{"model_type": "llava"}', "no Qwen2-VL but 'llava'")])
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
    with pytest.raises(MissingError, match=r"the model's sizes are not told: 'hidden_size'"):
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


# ---------------------------------------------------------------- the command


def test_the_command_from_end_to_end(tiny: Path, mmavk: Mmavk, pictures: Path, tmp_path: Path):
    line = ["generate", "--images", pictures, "--vlm", tiny, "--device", "cpu", "--max-new-tokens", "12"]
    done = mmavk(*line, "--store", tmp_path / "store", "--out", tmp_path / "run")
    assert done.code == 0, done.err
    with Store(tmp_path / "store", read_only=True) as store:
        assert store.verify() == []
        recipe = store.resolve("qwen2vl")
        with Image.open(pictures / "p3.png") as image:
            (row,) = [row for row in store.rows(recipe.id) if getattr(row, "source", "").endswith("p3.png")]
            said = QwenGenerator(QwenSettings(vlm=str(tiny), device="cpu", max_new_tokens=12))
            assert row.text == said.generate(image.convert("RGB"))  # type: ignore[union-attr]
            said.free()
    assert not InTurn.loaded()
    post = ["tag", "--text", "Off to Paris", "--image", pictures / "p3.png", "--format", "jsonl"]
    tagged = mmavk(*post, "--generator", "qwen2vl", "--vlm", tiny, "--max-new-tokens", "12")
    assert tagged.code == 0, tagged.err
    gc.collect()
