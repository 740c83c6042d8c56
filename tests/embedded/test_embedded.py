"""The shipped tagger as it lies in the package: size, licence to be there, and scores on the real test splits."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import mmavk_cli
from mmavk_cli.cli.main import app

EMBEDDED = Path(mmavk_cli.__file__).parent / "embedded"
LIMIT_MB = 35
PROMISED = {"twitter2015": 70.5, "twitter2017": 81.5}
"""Strict F1 on test with BLIP-2 captions."""
MOST_LOST = 0.5
"""F1 that may be lost without any knowledge, or with the captions of other posts."""


def test_what_ships_is_small_and_has_a_card() -> None:
    files = {path.name: path.stat().st_size for path in EMBEDDED.iterdir()}
    expected = {
        "encoder.onnx",
        "head.safetensors",
        "scorer.safetensors",
        "tagger.json",
        "tokenizer.json",
        "MODEL_CARD.md",
    }
    assert files.keys() == expected
    assert sum(files.values()) / 1e6 <= LIMIT_MB


@pytest.mark.slow
@pytest.mark.parametrize("dataset", PROMISED)
def test_scores_hold_with_own_with_no_and_with_foreign_knowledge(
    dataset: str, shared_data: Path, tmp_path: Path
) -> None:
    captions = str(shared_data / "knowledge" / "blip2" / f"{dataset}.txt")
    place = ["--dataset", dataset, "--data-dir", str(shared_data), "--store", str(tmp_path)]
    runner = CliRunner()
    assert runner.invoke(app, ["store", "import", captions, *place]).exit_code == 0

    def f1(*more: str) -> float:
        result = runner.invoke(app, ["eval", "embedded", "--format", "json", *place, *more])
        assert result.exit_code == 0, result.output
        return float(json.loads(result.stdout)["strict"]["overall"]["f1"])

    own = f1("--knowledge", "blip2")
    assert own >= PROMISED[dataset]
    assert f1() >= own - MOST_LOST
    assert f1("--knowledge", "blip2", "--pairing", "shuffled") >= own - MOST_LOST
