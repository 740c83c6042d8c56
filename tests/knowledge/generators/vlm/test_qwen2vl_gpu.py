"""Qwen2-VL on a GPU, pretended where there is none: every tensor is on it, and a batch takes what was estimated."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from generate_gpu import Work, built
from generate_tools import noise
from pretended_gpu import CUDA, Memory, pretended_gpu

from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm.memory import QWEN2_VL_7B, RESERVE, Footprint
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator, QwenSettings
from mmavk_cli.knowledge.generators.vlm.qwen2vl_generate import answer, looping
from mmavk_cli.knowledge.generators.vlm.qwen2vl_load import Loaded, load_model
from mmavk_cli.knowledge.generators.vlm.resize import visual_tokens

pytestmark = pytest.mark.slow

SIZES = [(112, 84), (196, 56), (56, 56), (280, 196)]


@pytest.fixture
def gpu() -> Iterator[Memory]:
    gc.collect()
    with pretended_gpu() as memory:
        yield memory


@pytest.fixture
def qwen(tiny: Path, gpu: Memory) -> Iterator[QwenGenerator]:  # noqa: ARG001  (that is there first)
    made = QwenGenerator(QwenSettings(vlm=str(tiny), device="cuda", max_new_tokens=20))
    yield made
    made.free()


def test_all_of_it_is_there_in_bfloat16_and_goes_away(qwen: QwenGenerator, gpu: Memory):
    views = [qwen.ready(noise(*size, seed)) for seed, size in enumerate(SIZES)]
    before = gpu.used
    assert qwen.room(70) == 32
    parameters = list(qwen._turn.model.parameters())
    assert {(one.device, one.dtype) for one in parameters} == {(CUDA, torch.bfloat16)}
    weights = gpu.used
    found = dict(qwen.write(views))
    assert [found[place].details["visual_tokens"] for place in range(4)] == [12, 14, 4, 70]
    assert all(one.text for one in found.values())
    assert looping(torch.ones(2, 48, dtype=torch.long, device="cuda")).tolist() == [True, True]
    gc.collect()
    assert gpu.used - weights < 100, "nothing of a batch stays but a number or two"
    del parameters
    qwen.free()
    assert gpu.used == before


def test_a_batch_that_failed_holds_nothing_when_the_next_begins(
    qwen: QwenGenerator, gpu: Memory, monkeypatch: pytest.MonkeyPatch
):
    views = [qwen.ready(noise(56, 56, seed)) for seed in range(4)]
    assert qwen.room(4) == 32
    weights, left = gpu.used, []

    def full(_module: Any, _given: Any, named: dict[str, Any]) -> None:
        if len(named["inputs_embeds"]) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    hook = qwen._turn.model.model.language_model.register_forward_pre_hook(full, with_kwargs=True)
    monkeypatch.setattr("torch.cuda.empty_cache", lambda: left.append(gpu.used - weights))
    found = dict(qwen.write(views))
    hook.remove()
    assert len(left) == 1
    assert left[0] < 100
    assert all(one.details["back_off"] == ["batch 4 to 2"] for one in found.values())


def test_a_picture_takes_what_was_estimated(tiny: Path):
    """One layer of Qwen2-VL-7B in its real widths, and of its vision tower; all 28 and 32 do the same in turn."""
    loaded = load_model(tiny, "cpu", four_bit=False)
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    ids = {name: getattr(loaded.model.config, name) for name in names}
    sight = QWEN2_VL_7B["vision_config"] | {"depth": 1}
    config = QWEN2_VL_7B | {"num_hidden_layers": 1, "vocab_size": 300, "vision_config": sight}
    model = built(Work(config, (0, 0), 2, (1,), "meta", torch.bfloat16), ids).to_empty(device="cpu")
    for tensor in [*model.parameters(), *model.buffers()]:
        tensor.data.zero_()
    view = View(noise(560, 560, 1), visual_tokens(560, 560))
    with pretended_gpu() as memory:
        model.to("cuda")
        before = memory.used
        answer(Loaded(model, loaded.processor), "a " * 100, [view], 2)
        taken = memory.peak - before
    estimated = Footprint.of(config).picture(view.tokens, 2)
    assert 0.7 * estimated < taken < estimated / (1 - RESERVE)
