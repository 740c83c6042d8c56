"""`mmavk train --freeze-knowledge` through the command line: what it keeps, tells, and tags with afterwards."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from small import Train, where
from typer.testing import CliRunner

from mmavk_cli.cli.main import app
from mmavk_cli.flows.train.freeze import remember

pytestmark = pytest.mark.slow


def scored(model: Path, place: Path) -> float:
    words = ["eval", model, "--dataset", "twitter2017", "--split", "valid", "--knowledge", "blip2", "--format", "json"]
    result = CliRunner().invoke(app, [str(word) for word in (*words, *where(place))])
    assert result.exit_code == 0, result.output
    return float(json.loads(result.stdout)["strict"]["overall"]["f1"])


def test_a_run_with_frozen_knowledge(train: Train, place: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = train(run, "--freeze-knowledge")
    assert result.exit_code == 0, result.output
    done, of = map(int, re.findall(r"knowledge_encoded (\d+)  texts (\d+)", result.stderr)[-1])
    assert done == of > 40
    before, aside, learned = (
        load_file(folder / "model.safetensors")
        for folder in (place / "tiny", run / "model" / "knowledge-encoder", run / "model" / "encoder")
    )
    assert all(np.array_equal(before[name], aside[name]) for name in before)
    assert not all(np.array_equal(before[name], learned[name]) for name in before)
    best = json.loads((run / "scores.json").read_text())["f1_twitter2017_own"]
    assert scored(run, place) == pytest.approx(best, abs=0.01)
    exported = CliRunner().invoke(app, ["export", str(run), "--no-int8", "--out", str(tmp_path / "onnx")])
    assert exported.exit_code == 0, exported.output
    assert "knowledge-encoder.onnx" in exported.stdout
    assert scored(tmp_path / "onnx", place) == pytest.approx(best, abs=0.01)


def test_each_process_of_torchrun_encodes_on_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Heard:
        def remember(self, _texts: object, device: str, _told: object) -> None:
            asked.append(device)

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    for rank in (None, "0", "3"):
        if rank:
            monkeypatch.setenv("LOCAL_RANK", rank)
        remember(Heard(), [], cutter=None, on_log=print)  # type: ignore[arg-type]
    assert asked == ["cuda:0", "cuda:0", "cuda:3"]


@pytest.mark.parametrize("fusion", ["text", "concat", "prefix"])
def test_only_the_word_fusion_has_vectors_to_freeze(train: Train, tmp_path: Path, fusion: str) -> None:
    result = train(tmp_path / "run", "--freeze-knowledge", "--fusion", fusion)
    assert getattr(result.exception, "code", None) == 2
    assert f"--freeze-knowledge: only --fusion word has knowledge vectors, not {fusion}" in str(result.exception)
