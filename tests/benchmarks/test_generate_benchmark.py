"""The benchmark for a GPU runs, small, on a CPU. What it measures is read by people: docs/performance.md."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm import qwen2vl_generate as qwen_decode

SCRIPT = Path(__file__).with_name("generate_gpu.py")
HELPERS = Path(__file__).parents[1] / "support"


def ran(*options: str | Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPT), "--small", *map(str, options)]
    environment = os.environ | {"PYTHONPATH": str(HELPERS)}
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_a_batch_is_twice_as_fast_as_single_pictures(tmp_path: Path):
    """In seconds of one core, the best of three rounds: others on the machine do not count. Measured: 3 times."""
    done = ran("--batches", "1", "8", "--new-tokens", "32", "--out", tmp_path / "rows.json")
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "rows.json").read_text("utf-8"))
    assert [(row["batch"], row["way"]) for row in rows] == [(1, "no cap"), (1, "mmavk"), (8, "mmavk")]
    assert all(row["s_a_picture"] > 0 and row["back_off"] == "" for row in rows)
    assert rows[0]["s_a_picture"] / rows[2]["s_a_picture"] >= 2
    assert len([line for line in done.stdout.splitlines() if line.startswith("| float32 |")]) == 3


@pytest.mark.slow
def test_a_batch_that_does_not_fit_is_measured_in_smaller_ones(monkeypatch: pytest.MonkeyPatch):
    """32 pictures beside 16.6 GB of weights do not fit into the 24 GB that the benchmark allows itself."""
    script: Any = importlib.import_module(SCRIPT.stem)
    whole = qwen_decode.answer

    def cramped(loaded: Any, prompt: str, views: list[View], new_tokens: int) -> Any:
        if len(views) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return whole(loaded, prompt, views, new_tokens)

    monkeypatch.setattr(qwen_decode, "answer", cramped)
    work = script.Work(script.SMALL, (56, 56), 2, (1, 2), "cpu", torch.float32)
    rows = list(script.rows(work, ("float32",)))
    assert [(row.batch, row.back_off) for row in rows] == [(1, ""), (1, ""), (2, "batch 2 to 1")]


@pytest.mark.slow
def test_it_fails_where_batches_gain_too_little():
    done = ran("--batches", "1", "--new-tokens", "2")
    assert done.returncode == 1
    assert "the goal is 2 times" in done.stderr
