"""The cards of real runs, as the commands write them, and mmavk card."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from PIL import Image
from trip import SECRET, run_at

pytestmark = pytest.mark.slow

Ran = Callable[..., tuple[int, str, str]]


def read(folder: Path, name: str = "README.md") -> str:
    """A card; no card has a word of a post or of knowledge, or a place of this machine."""
    text = (folder / name).read_text("utf-8")
    assert SECRET not in text
    assert str(folder.parent) not in text
    return text


@pytest.fixture(scope="module")
def scored(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evaluations of the run and of its export: `run` and `int8`."""
    out = tmp_path_factory.mktemp("scored")
    asked = ("--dataset", "trip", "--knowledge", "hills", "--out")
    run_at(place, ("eval", "runs/trip", *asked, out / "run"), ("eval", "int8", *asked, out / "int8"))
    return out


def test_a_training_says_what_it_is_and_was_made_of(place: Path):
    run = place / "runs/trip"
    card = ModelCard(read(run))
    facts, scores = (json.loads((run / name).read_text()) for name in ("run.json", "scores.json"))
    said = card.data.to_dict()
    assert (said["library_name"], said["pipeline_tag"], said["datasets"]) == ("mmavk", "token-classification", ["trip"])
    assert said.keys() & {"license", "language", "base_model"} == set()
    (result,) = card.data.eval_results
    assert (result.metric_type, result.dataset_split) == ("f1", "validation")
    assert result.metric_value == scores["f1_trip_own"]
    for text in (
        "mmavk train --dataset trip",
        "--knowledge hills",
        "--encoder '…/tiny'",
        "| seed | 1 |",
        f"| recipes | {facts['recipes'][0][:19]}… |",
        f"| seconds | {facts['seconds']:g} |",
        f"| peak memory mb | {facts['peak_memory_mb']} |",
        "| trip/train | 12 | 24 | 12 | ",
        "No scores on a test split",
        f"Epoch {scores['epoch']} was kept",
    ):
        assert text in card.text, text


def test_its_data_card_counts(place: Path):
    page = read(place / "runs/trip", "data_card.md")
    facts = json.loads((place / "runs/trip/run.json").read_text())
    words = sum(
        line != "" and not line.startswith("IMGID") for line in (place / "data/trip/train.txt").read_text().split("\n")
    )
    for text in (
        f"| trip/train | 12 | {words} | {facts['data']['trip/train']} |",
        "| trip/train | strict | 12 | 12 | 0 | 0 | 24 |",
        f"| trip/train | {facts['recipes'][0]} | 12 of 12 | ",
        "| trip/train | 12 | none here | - | 12 |",  # one and the same text about all pictures
        "| trip | a text that its own split has twice | train | 8 |",
    ):
        assert text in page, text
    assert "test" not in page.replace("latest", "")  # training has not read it


def test_labels_and_pictures_that_are_odd_are_counted(place: Path, ran: Ran, tmp_path: Path):
    data = tmp_path / "data"
    shutil.copytree(place / "data/trip", data / "odd")
    text = (data / "odd/test.txt").read_text("utf-8")
    text = text.replace("B-PER", "O", 2).replace("B-LOC", "B-OTHER", 3)
    (data / "odd/test.txt").write_text(text, "utf-8")
    (data / "odd_images").mkdir()
    for name in ("200", "210", "999"):
        Image.new("RGB", (8, 8)).save(data / "odd_images" / f"{name}.jpg")
    code, _, err = ran("eval", "int8", "--dataset", "odd", "--data-dir", data, "--out", tmp_path / "run")
    assert code == 0, err
    page = read(tmp_path / "run", "data_card.md")
    for text in (
        "| odd/test | strict | 10 | 9 | 0 | 3 | 22 |",
        "| odd/test | conlleval | 12 | 9 | 0 | 3 | 24 |",
        "| odd | I- after O or at the start: no entity in strict IOB2, an entity to conlleval | test | 2 |",
        "The files write `OTHER` for the type `MISC`",
        "| odd/test | 12 | 2 | 10 | 0 |",
        "None was used.",
    ):
        assert text in page, text


def test_an_export_tells_its_training_and_claims_no_scores_as_its_own(place: Path):
    card = ModelCard(read(place / "int8"))
    assert card.data.eval_results is None
    for text in (
        "mmavk export runs/trip --out int8",
        "mmavk train --dataset trip",
        "Validation, before the export",
        "ONNX, 8 bits",
    ):
        assert text in card.text, text
    facts = json.loads((place / "int8/run.json").read_text())
    assert facts["training"] == json.loads((place / "runs/trip/run.json").read_text())


def test_test_scores_come_from_an_evaluation_of_the_same_weights(place: Path, scored: Path, ran: Ran, tmp_path: Path):
    for name, run in (("run", "runs/trip"), ("int8", "int8")):
        own = shutil.copytree(place / run, tmp_path / name)
        code, out, err = ran("card", own, "--scores", scored / name, "--license", "mit", "--language", "de")
        assert (code, out.split()) == (0, [str(own / "data_card.md"), str(own / "README.md")]), err
        card = ModelCard(read(own))
        assert (card.data.license, card.data.language) == ("mit", "de")
        overall = json.loads((scored / name / "scores.json").read_text())["strict"]["overall"]
        found = {one.metric_type: one.metric_value for one in card.data.eval_results if one.dataset_split == "test"}
        assert found == {metric: round(overall[metric], 2) for metric in ("precision", "recall", "f1")}
        assert "### trip test, knowledge: hills (own)" in card.text
    code, _, err = ran("card", tmp_path / "run", "--scores", scored / "int8")
    assert (code, "and other weights than those here" in err) == (3, True), err
    code, _, err = ran("card", scored / "run", "--scores", scored / "run")
    assert (code, "--scores: the folder does not contain one model" in err) == (2, True), err
    assert json.loads(ran("card", tmp_path / "run", "--json")[1]) == {
        "files": [str(tmp_path / "run" / name) for name in ("data_card.md", "README.md")]
    }


def test_an_evaluation_says_what_was_scored(scored: Path):
    page = read(scored / "int8")
    overall = json.loads((scored / "int8/scores.json").read_text())["strict"]["overall"]
    assert "Scores of the tagger `trip@" in page
    assert f"| overall | {overall['precision']:.2f} | {overall['recall']:.2f} | {overall['f1']:.2f} |" in page
    assert "| trip/test | 12 | 24 | 12 | 0 |" in page


def test_several_seeds_have_a_card_of_them_all(place: Path, ran: Ran, tmp_path: Path):
    usual = ("--dataset", "trip", "--encoder", place / "tiny", "--epochs", 1, "--quiet")
    code, out, err = ran("train", *usual, "--seeds", "1,2", "--out", tmp_path / "seeds", "--json")
    assert code == 0, err
    summary = json.loads(out)
    assert summary["scores"]["runs"].keys() == {"1", "2"}
    page = read(tmp_path / "seeds")
    spread = summary["scores"]["f1"]
    assert [line.split(" | ")[0] for line in page.splitlines() if line.startswith(("| seed-", "| mean", "| sd"))] == [
        "| seed-1", "| seed-2", "| mean", "| sd"
    ]  # fmt: skip
    assert f"{spread['mean']:.2f}" in page
    assert "- [seed-1](seed-1/README.md)" in page
    assert ModelCard(read(tmp_path / "seeds/seed-2")).data.pipeline_tag == "token-classification"
    code, _, err = ran("eval", tmp_path / "seeds", "--dataset", "trip", "--out", tmp_path / "both")
    assert code == 0, err
    assert "mean and standard deviation over its seeds" in read(tmp_path / "both")
    assert "Scores of the tagger `seed-1@" in read(tmp_path / "both/seed-1")


def test_every_other_run_has_its_card(ran: Ran, tmp_path: Path):
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (40, 30), "red").save(tmp_path / "pictures/a.png")
    store = ("--store", tmp_path / "store")
    lines = {
        "generate": ("--images", tmp_path / "pictures", "--generator", "echo", *store, "--json"),
        "score": ("--dataset", "trip", "--scorer", "text", "--knowledge", "hills", "--gate-at", 0.2),
        "sweep": ("--model", "int8", "--dataset", "trip", "--knowledge", "hills", "--thresholds", "0:0.4:0.2"),
        "tag": ("--text", "Ann Lee", "--model", "int8"),
    }
    pages = {}
    for command, words in lines.items():
        code, out, err = ran(command, *words, "--out", tmp_path / command)
        assert code == 0, err
        pages[command] = read(tmp_path / command)
        assert f"mmavk {command} " in pages[command]
        if command == "generate":
            assert json.loads(out)["totals"]["made"] == 1
    assert "| made | 1 |" in pages["generate"]
    recipe = json.loads((tmp_path / "generate/run.json").read_text("utf-8"))["recipe"]
    assert f"| id | {recipe['id']} |" in pages["generate"]
    assert "| share under the threshold 0.2 |" in pages["score"]
    assert "| 0.20 | " in pages["sweep"]
    assert "| names | " in pages["tag"]
    assert "`trip@" in pages["tag"]


def test_a_run_of_hostile_names_has_a_card_that_stands(place: Path, ran: Ran, tmp_path: Path):
    name = "a|b `x` <i>[y](z)"
    shutil.copytree(place / "data/trip", tmp_path / "data" / name)
    code, _, err = ran(
        "eval", "int8", "--dataset", name, "--data-dir", tmp_path / "data", "--out", tmp_path / "#1 | *run*"
    )
    assert code == 0, err
    page = read(tmp_path / "#1 | *run*")
    assert page.startswith("# #1 \\| \\*run\\*\n")
    assert "<i>" not in page.replace("\\<i\\>", "").split("```")[2]
    assert "a\\|b \\`x\\` \\<i\\>\\[y\\](z)/test" in page


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda run: (run / "run.json").write_text("{"), "the run is broken"),
        (lambda run: (run / "scores.json").write_text("[]"), "not a JSON object"),
        (lambda run: (run / "tagger.json").unlink(), "no checkpoint here"),
        (shutil.rmtree, "no run here"),
    ],
)
def test_a_run_that_is_broken_is_told(spoil, text: str, place: Path, ran: Ran, tmp_path: Path):
    run = shutil.copytree(place / "int8", tmp_path / "int8")
    spoil(run)
    code, _, err = ran("card", run)
    assert (code in {3, 5}, text in err) == (True, True), err
