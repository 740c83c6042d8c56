"""`mmavk doctor`: what there is, what is missing, what fits."""

import json
from pathlib import Path
from typing import Any

import pytest
from ran import Mmavk

from mmavk_cli.flows.doctor.memory_by_profile import CARD, ChainSettings, Fit, Stage, find_fits

STAGES = ["knowledge", "similarity", "tagging", "training"]


def fits(out: str) -> dict[str, Any]:
    return {fit["profile"]: fit for fit in json.loads(out)["fits"]}


def stages(fit: dict[str, Any]) -> dict[str, Any]:
    return {stage["stage"]: stage for stage in fit["stages"]}


def found(free: int, *cards: int) -> dict[str, Fit]:
    return {fit.profile: fit for fit in find_fits(ChainSettings(), free, cards)}


def stage(fit: Fit, name: str) -> Stage:
    return next(one for one in fit.stages if one.stage == name)


def test_it_tells_devices_weights_and_what_fits(mmavk: Mmavk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    done = mmavk("doctor")
    assert done.code == 0
    for words in ("cpu", "torch 2", "24gb --4bit", "embedded", *(f"  {name}, batch" for name in STAGES)):
        assert words in done.out
    for needed in ("Qwen/Qwen2-VL-7B-Instruct", "timm/vit_base_patch32_clip_224.openai", "xlm-roberta-large"):
        assert f"hf download {needed}" in done.out
    assert max(map(len, done.out.splitlines())) < 400
    table = done.out.partition("\n\n")[2]
    assert max(map(len, table.splitlines())) <= 80


def test_as_json_with_numbers_in_bytes(mmavk: Mmavk):
    done = mmavk("doctor", "--json")
    report = json.loads(done.out)
    assert report["devices"][0]["name"] == "cpu"
    assert 0 < report["devices"][0]["free"] <= report["devices"][0]["total"]
    profiles = fits(done.out)
    assert profiles.keys() == {"embedded", "24gb", "24gb --4bit"}
    for name in ("24gb", "24gb --4bit"):
        chain = stages(profiles[name])
        assert list(chain) == STAGES
        assert profiles[name]["peak"] == max(one["peak"] for one in chain.values() if one["on"] == "cuda") <= CARD
        assert all(0 < one["weights"] < one["peak"] for one in chain.values())
        assert [name for name, one in chain.items() if one["cache"]] == ["knowledge"]
    whole, small = (stages(profiles[name]) for name in ("24gb", "24gb --4bit"))
    assert small["knowledge"]["weights"] < whole["knowledge"]["weights"] / 2
    assert [small[name] for name in STAGES[1:]] == [whole[name] for name in STAGES[1:]]


def test_larger_pictures_leave_room_for_fewer(mmavk: Mmavk):
    batches = [
        stages(fits(mmavk("doctor", "--format", "json", "--visual-tokens", tokens).out)["24gb"])["knowledge"]["batch"]
        for tokens in ("256", "1024", "16384")
    ]
    assert batches[0] > batches[1] > batches[2] >= 0


def test_what_does_not_fit_is_named():
    large, small = found(10**12, 80 * 10**9), found(10**12, 12 * 10**9)
    assert large["24gb"].fits is True
    assert large["24gb"].peak <= CARD, "a larger card is filled as one of 24 GB"
    assert (small["24gb"].fits, small["24gb"].too_large) == (False, ("knowledge", "training"))
    assert (small["24gb --4bit"].fits, small["24gb --4bit"].too_large) == (False, ("training",))
    assert stage(small["24gb"], "knowledge").batch == 0
    assert found(10**9, CARD)["24gb"].fits is True, "the machine's own memory holds none of them"
    assert found(10**12)["24gb"].fits is None
    assert found(10**12, 12 * 10**9, CARD)["24gb"].fits is False, "models run on the first card"
    assert found(10**12, CARD, 12 * 10**9)["24gb"].fits is True
    assert found(10**8)["embedded"].fits is False


def test_a_card_that_torch_cannot_use_is_told_with_the_reason(mmavk: Mmavk, monkeypatch: pytest.MonkeyPatch):
    """The system counts a card also where its driver is too old for torch."""

    def refused(_: int) -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 12040).\nSee the manual")

    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.mem_get_info", refused)
    done = mmavk("doctor")
    assert done.code == 0, done.err
    assert "cuda:0    cannot be used: The NVIDIA driver on your system is too old (found version 12040).\n" in done.out
    assert "no GPU; fits 24 GB" in done.out


def test_a_clip_of_unknown_size_has_no_numbers(mmavk: Mmavk):
    done = mmavk("doctor", "--json", "--clip", "RN50/openai")
    assert done.code == 0, done.err
    similarity = stages(fits(done.out)["24gb"])["similarity"]
    assert (similarity["weights"], similarity["peak"]) == (0, 0)
    assert {"what": "RN50/openai", "present": False}.items() <= json.loads(done.out)["weights"][1].items()


@pytest.mark.slow
def test_the_models_that_were_asked_for_are_the_ones_that_are_measured(mmavk: Mmavk, tiny: Path, tiny_clip: Path):
    report = json.loads(mmavk("doctor", "--format", "json", "--vlm", tiny, "--clip", tiny_clip).out)
    assert report["weights"][0] == {"what": str(tiny), "present": True, "where": str(tiny)}
    clip = report["weights"][1]
    assert (clip["present"], clip["where"]) == (True, str(tiny_clip / "open_clip_model.safetensors"))
    chain = stages(report["fits"][1])
    assert chain["knowledge"]["weights"] < 1_000_000
    assert chain["similarity"]["weights"] < 4_000_000
