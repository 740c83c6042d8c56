"""Gates that training finds, through the command line, with random weights: it proves plumbing, never quality."""

import json
from pathlib import Path

import pytest
from small import Train, where
from typer.testing import CliRunner

from mmavk_cli.cli.main import app

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("threshold", "gated"), [("quantile:0.5", 0.5), ("learned", 1.0), ("auto", 0.0)])
def test_the_checkpoint_has_the_gate_and_scores_with_it(
    threshold: str, gated: float, place: Path, train: Train, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    told = train(run, "--epochs", 4, "--head-lr", 0.03, "--threshold", threshold)
    assert told.exit_code == 0, told.output
    counts = json.loads((run / "run.json").read_text())["counts"]["twitter2017/train"]
    assert counts["gated"] == pytest.approx(gated, abs=0.05)
    best = json.loads((run / "scores.json").read_text())
    gate = json.loads((run / "model" / "tagger.json").read_text())["gate"]
    assert (gate["steepness"] is not None) == (threshold == "learned")
    assert best.get("threshold") == (gate["threshold"] if threshold == "auto" else None)
    asked = ("--dataset", "twitter2017", "--split", "valid", "--knowledge", "blip2", "--format", "json")
    scored = CliRunner().invoke(app, ["eval", str(run), *asked, *where(place)])
    assert scored.exit_code == 0, scored.output
    assert json.loads(scored.stdout)["strict"]["overall"]["f1"] == pytest.approx(best["f1_twitter2017_own"], abs=0.01)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--threshold", "auto"), "auto needs --knowledge"),
        (("--threshold", "learned", "--knowledge", "blip2", "--fusion", "concat"), "only --fusion word can learn"),
    ],
)
def test_what_does_not_go_together(words: tuple[str, ...], text: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train", "--dataset", "twitter2017", *words, "--out", str(tmp_path / "x")])
    assert getattr(result.exception, "code", None) == 2
    assert text in str(result.exception)
