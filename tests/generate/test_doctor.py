"""`mmavk doctor`: what there is, what is missing, what fits."""

import json
from pathlib import Path

import pytest
from generate_tools import Mmavk

from mmavk_cli.flows.doctor import CARD


def fits(out: str) -> dict[str, dict[str, int | bool | None]]:
    return {fit["profile"]: fit for fit in json.loads(out)["fits"]}


def test_it_tells_devices_weights_and_what_fits(mmavk: Mmavk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    done = mmavk("doctor")
    assert done.code == 0
    for words in ("cpu", "torch 2", "hf download Qwen/Qwen2-VL-7B-Instruct", "24gb --4bit", "embedded"):
        assert words in done.out
    assert max(map(len, done.out.splitlines())) < 400


def test_as_json_with_numbers_in_bytes(mmavk: Mmavk):
    done = mmavk("doctor", "--format", "json")
    report = json.loads(done.out)
    assert report["devices"][0]["name"] == "cpu"
    assert 0 < report["devices"][0]["free"] <= report["devices"][0]["total"]
    found = fits(done.out)
    assert found.keys() == {"embedded", "24gb", "24gb --4bit"}
    for name in ("24gb", "24gb --4bit"):
        assert 0 < found[name]["peak"] <= CARD  # type: ignore[operator]
    assert found["24gb --4bit"]["weights"] < found["24gb"]["weights"] / 2  # type: ignore[operator]


def test_larger_pictures_leave_room_for_fewer(mmavk: Mmavk):
    batches = [
        fits(mmavk("doctor", "--format", "json", "--visual-tokens", tokens).out)["24gb"]["batch"]
        for tokens in ("256", "1024", "16384")
    ]
    assert batches[0] > batches[1] > batches[2] >= 0  # type: ignore[operator]


@pytest.mark.slow
def test_the_model_that_was_asked_for_is_the_one_that_is_measured(mmavk: Mmavk, tiny: Path):
    report = json.loads(mmavk("doctor", "--format", "json", "--vlm", tiny).out)
    assert report["weights"][0] == {"what": str(tiny), "present": True, "where": str(tiny)}
    assert report["fits"][1]["weights"] < 1_000_000
