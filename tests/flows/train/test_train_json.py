"""mmavk train --json: what a script reads."""

import json
from pathlib import Path

import pytest
from small import Train


@pytest.mark.slow
def test_a_training_prints_its_scores(train: Train, tmp_path: Path):
    done = train(tmp_path / "run", "--epochs", 1, "--json", "--quiet")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told == {
        "run": str(tmp_path / "run"), "scores": json.loads((tmp_path / "run" / "scores.json").read_text("utf-8"))
    }  # fmt: skip
    assert {"f1", "epoch", "f1_twitter2017_own"} == told["scores"].keys()


def test_a_plan_is_one_object(train: Train, tmp_path: Path):
    done = train(tmp_path / "run", "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["settings"]["batch_size"] == 8
    assert told["counts"]["twitter2017/train"]["posts"] == 60
    assert {row["precision"] for row in told["memory"]} == {"float32", "bfloat16"}
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_how_it_prints_is_no_reason_to_begin_anew(train: Train, tmp_path: Path):
    """A run of one seed of several that is finished is taken whatever is printed."""
    for more in ((), ("--json",)):
        done = train(tmp_path / "runs", "--epochs", 1, "--quiet", "--seeds", "1", *more)
        assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["scores"]["runs"].keys() == {"1"}
