"""Every decoder through the command line: a small random encoder learns made-up posts by heart."""

import json
from pathlib import Path

import pytest
from made_posts import made_posts
from typer.testing import CliRunner, Result

from mmavk_cli.cli.main import app

pytestmark = pytest.mark.slow
QUICK = ("--epochs", 12, "--encoder-lr", 0.003, "--head-lr", 0.03, "--dropout", 0)
TEXT = "Got Lumo Pad at Tulip Week"
LONG = "IMGID:long\nGot\tO\n" + "Zento\tB-PRODUCT\n" + "Watch\tI-PRODUCT\n" * 10 + "\n"
"""A name of 11 words, the first in line 3."""


def mmavk(*words: object) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return result


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decoders")
    (folder / "made").mkdir()
    for split, text in (("train", LONG + made_posts(44, 1)), ("valid", made_posts(8, 2)), ("test", made_posts(8, 3))):
        (folder / "made" / f"{split}.txt").write_text(text, "utf-8")
    return folder


def found(model: Path) -> list[dict[str, object]]:
    (line,) = mmavk("tag", "--text", TEXT, "--model", model, "--format", "jsonl").stdout.splitlines()
    entities: list[dict[str, object]] = json.loads(line)["entities"]
    return entities


@pytest.mark.parametrize(
    ("decoder", "score"),
    [("softmax", "product of the softmax probabilities"), ("span", "softmax probability of its type")],
)
def test_a_decoder_trains_scores_exports_and_tags(
    data: Path, small_encoder: Path, tmp_path: Path, decoder: str, score: str
) -> None:
    run, small, scored = tmp_path / "run", tmp_path / "small", tmp_path / "scored"
    asked = ("--dataset", "made", "--data-dir", data)
    told = mmavk("train", *asked, "--encoder", small_encoder, "--decoder", decoder, *QUICK, "--out", run).stderr
    assert ("names_too_long 1  split train" in told) == (decoder == "span")
    kept = json.loads((run / "model" / "tagger.json").read_text())
    assert kept["decoder"] == decoder
    card = " ".join((run / "README.md").read_text().split())
    assert score in card
    scores = json.loads(mmavk("eval", run, *asked, "--json", "--out", scored).stdout)
    assert scores["strict"]["overall"]["f1"] > 90
    mmavk("export", run, "--no-int8", "--out", small)
    exported = json.loads(mmavk("eval", small, *asked, "--json").stdout)
    assert exported["strict"] == scores["strict"]
    names, again = found(run), found(small)
    assert [(one["text"], one["type"]) for one in names] == [("Lumo Pad", "PRODUCT"), ("Tulip Week", "EVENT")]
    close = [one | {"score": pytest.approx(one["score"], abs=1e-3)} for one in names]
    assert again == close
    assert all(0 < float(str(one["score"])) <= 1 for one in names)


def test_names_that_are_too_long_are_told_before_training(data: Path, small_encoder: Path, tmp_path: Path) -> None:
    asked = ("--dataset", "made", "--data-dir", data, "--encoder", small_encoder, "--out", tmp_path / "x", "--dry-run")
    plan = mmavk("train", *asked, "--decoder", "span").stdout
    (line,) = [line for line in plan.splitlines() if "names_too_long" in line]
    assert "names_too_long 1, split train, most_words 10" in line
    assert line.rstrip().endswith("train.txt:3")
    assert "names_too_long" not in mmavk("train", *asked).stdout
