"""Memory that runs out under Qwen2-VL, and models that are loaded in turn; with a tiny random model."""

import gc
import json
import shutil
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from generate_tools import SIZES, generator, noise, views
from ran import Mmavk

from mmavk_cli.base.device import is_out_of_memory, memory, used_memory
from mmavk_cli.base.errors import MemoryShortError, MmavkError
from mmavk_cli.base.one_large_model import ExclusiveModel
from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm import memory as footprint
from mmavk_cli.knowledge.generators.vlm.memory import QWEN2_VL_7B, Footprint
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator, QwenSettings
from mmavk_cli.knowledge.generators.vlm.qwen2vl_load import load_model

pytestmark = pytest.mark.slow


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
    from mmavk_cli.knowledge.generators.vlm.qwen2vl_generate import chat_text

    processor = qwen._processor
    return len(processor.tokenizer(chat_text(processor, qwen.prompt.text))["input_ids"]) - 1


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

    monkeypatch.setattr("mmavk_cli.knowledge.generators.vlm.qwen2vl.load_model", load)
    made = generator(tiny, pictures_per_batch="4")
    with pytest.raises(MemoryShortError, match="does not fit"):
        list(made.write(views(made)[:4]))
    assert len(tries) == 1, "smaller batches do not make the weights smaller"


def test_the_batch_follows_the_free_memory(qwen: QwenGenerator, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "mmavk_cli.knowledge.generators.vlm.qwen2vl.memory", lambda _: (10 * qwen.footprint.picture(12, 20), 0)
    )
    assert qwen.room(12) == 9
    assert qwen.room(100000) == 1
    monkeypatch.setattr("mmavk_cli.knowledge.generators.vlm.qwen2vl.memory", lambda _: (1 << 50, 0))
    assert qwen.room(12) == footprint.MOST


def test_a_batch_size_of_ones_own(tiny: Path):
    assert generator(tiny, pictures_per_batch="5").room(10) == 5


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


# ---------------------------------------------------------------- models in turn


def test_a_model_is_gone_after_it_was_freed(tiny: Path):
    made = generator(tiny)
    list(made.write(views(made)[:2]))
    gone = [weakref.ref(made._turn.model), *(weakref.ref(weight) for weight in made._turn.model.parameters())]
    assert ExclusiveModel.loaded()
    made.free()
    assert [ref() for ref in gone] == [None] * len(gone)
    assert not ExclusiveModel.loaded()


def test_two_large_models_at_once_are_a_fault(tiny: Path):
    first, second = generator(tiny), generator(tiny)
    list(first.write(views(first)[:1]))
    with pytest.raises(MmavkError, match="qwen2vl is still loaded"):
        list(second.write(views(second)[:1]))
    first.free()
    list(second.write(views(second)[:1]))
    second.free()


def test_a_model_that_somebody_holds_is_not_called_free():
    turn = ExclusiveModel("big", lambda: torch.nn.Linear(2, 2))
    held = turn.model
    with pytest.raises(MmavkError, match="still held"):
        turn.free()
    del held
    gc.collect()
    assert not ExclusiveModel.loaded()


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


@pytest.mark.parametrize("options", [(), ("--4bit",), ("--pictures-per-batch", "4")])
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
