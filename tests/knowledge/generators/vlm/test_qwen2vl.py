"""Qwen2-VL on its real code path, with a tiny random model: batches, texts that do not end, 4 bits."""

import gc
from pathlib import Path

import pytest
import torch
from generate_tools import SIZES, generator, noise, views
from PIL import Image
from ran import Mmavk
from tiny_qwen import save_tiny

from mmavk_cli.base.errors import MmavkError
from mmavk_cli.base.one_large_model import ExclusiveModel
from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator, QwenSettings
from mmavk_cli.knowledge.generators.vlm.qwen2vl_generate import answer, looping
from mmavk_cli.knowledge.generators.vlm.qwen2vl_load import check_quantised, load_model, quantised
from mmavk_cli.knowledge.generators.vlm.resize import visual_tokens
from mmavk_cli.store.store import Store

pytestmark = pytest.mark.slow


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


# ---------------------------------------------------------------- 4 bits


def test_four_bits_go_to_the_language_layers_and_nowhere_else(tiny: Path):
    model = load_model(tiny, "cpu", four_bit=True).model
    assert quantised(model) == {("language", True): 14, ("visual", False): 10, ("lm_head", False): 1}
    layer = model.model.language_model.layers[0].mlp.up_proj
    assert (layer.weight.quant_state.quant_type, layer.weight.quant_state.nested) == ("nf4", True)
    assert layer.compute_dtype == torch.bfloat16
    assert model.lm_head.weight.dtype == torch.bfloat16


def test_four_bits_in_the_wrong_place_are_told(tiny: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mmavk_cli.knowledge.generators.vlm.qwen2vl_load.KEPT_WHOLE", ("visual", "lm_head"))
    with pytest.raises(MmavkError, match="4-bit quantisation reached the wrong modules"):
        load_model(tiny, "cpu", four_bit=True)
    with pytest.raises(MmavkError):
        check_quantised(torch.nn.ModuleDict({"visual": torch.nn.Linear(2, 2), "lm_head": torch.nn.Linear(2, 2)}))


def test_four_bits_write(tiny: Path):
    made = generator(tiny, four_bit=True)
    found = dict(made.write(views(made)[:3]))
    assert all(written.text is not None for written in found.values())
    made.free()


# ---------------------------------------------------------------- the command


def test_the_command_from_end_to_end(tiny: Path, mmavk: Mmavk, pictures: Path, tmp_path: Path):
    line = ["generate", "--images", pictures, "--vlm", tiny, "--device", "cpu", "--max-new-tokens", "12"]
    done = mmavk(*line, "--store", tmp_path / "store", "--out", tmp_path / "run")
    assert (done.code, " 6 made, " in done.err) == (3, True), done.err  # random weights do not end most of their texts
    assert "(4 cut): raise --max-new-tokens" in done.err
    with Store(tmp_path / "store", read_only=True) as store:
        assert store.verify() == []
        recipe = store.resolve("qwen2vl")
        with Image.open(pictures / "p3.png") as image:
            (row,) = [row for row in store.rows(recipe.id) if getattr(row, "source", "").endswith("p3.png")]
            said = QwenGenerator(QwenSettings(vlm=str(tiny), device="cpu", max_new_tokens=12))
            assert row.text == said.generate(image.convert("RGB"))  # type: ignore[union-attr]
            said.free()
    assert not ExclusiveModel.loaded()
    post = ["tag", "--text", "Off to Paris", "--image", pictures / "p3.png", "--format", "jsonl"]
    tagged = mmavk(*post, "--generator", "qwen2vl", "--vlm", tiny, "--max-new-tokens", "12")
    assert tagged.code == 0, tagged.err
    gc.collect()
