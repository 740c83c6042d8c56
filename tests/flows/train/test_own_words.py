"""`--no-recut`: a model that was trained on a data set's own words reads raw text in such words, or says so."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from small import words
from typer.testing import CliRunner, Result

from mmavk_cli.cli.main import app
from mmavk_cli.flows.shared import predict
from mmavk_cli.tagger.checkpoint import CUT_OTHERWISE, FINE

POST = "Ann met @Bob_B in Stratford-upon-Avon, UK"


@pytest.fixture(scope="module")
def trained(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "run"
    done = CliRunner().invoke(app, words(place, folder, "--no-recut", "--epochs", 1))
    assert done.exit_code == 0, done.stderr
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.mark.parametrize(
    ("fine", "words"),
    [
        (True, ["Ann", "met", "@", "Bob_B", "in", "Stratford", "-", "upon", "-", "Avon", ",", "UK"]),
        (False, ["Ann", "met", "@Bob_B", "in", "Stratford-upon-Avon", ",", "UK"]),
    ],
)
def test_raw_text_is_read_in_such_words(
    run: Path, monkeypatch: pytest.MonkeyPatch, fine: bool, words: list[str]
) -> None:
    read: list[list[str]] = []
    kept = predict.as_trained

    def seen(*given: Any) -> predict.Post:
        found = kept(*given)
        read.append([word.text for word in found.words])
        return found

    monkeypatch.setattr(predict, "as_trained", seen)
    edit(run, **{FINE: fine})
    done = tag("--text", POST, "--model", str(run))
    assert done.exit_code == 0, done.stderr
    assert read == [words]
    for entity in json.loads(done.stdout)["entities"]:
        assert POST[entity["start"] : entity["end"]] == entity["text"]


def test_training_finds_the_rules_of_its_words(run: Path) -> None:
    found = json.loads((run / "model" / "tagger.json").read_text("utf-8"))["trained"]
    assert found[FINE] is True
    assert found[CUT_OTHERWISE] < 0.1


@pytest.mark.parametrize(
    ("share", "said"), [(0.24, "in 24% of those"), (None, "in an unknown share of those"), (0.05, "")]
)
def test_tag_says_where_raw_text_is_cut_unlike_the_words_of_training(
    run: Path, tmp_path: Path, share: float | None, said: str
) -> None:
    edit(run, **{CUT_OTHERWISE: share})
    told = tag("--text", POST, "--model", str(run)).stderr
    assert said in told
    assert bool(said) == bool(told)
    posts = tmp_path / "posts.jsonl"
    posts.write_text(json.dumps({"words": ["Ann", "met", "Bob"]}), "utf-8")
    assert tag(str(posts), "--model", str(run)).stderr == ""


def tag(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["tag", *arguments, "--format", "jsonl"])


def edit(run: Path, **facts: Any) -> None:
    """Another word about its training in a model's `tagger.json`."""
    path = run / "model" / "tagger.json"
    content = json.loads(path.read_text("utf-8"))
    content["trained"] |= facts
    path.write_text(json.dumps(content), "utf-8")
