"""Types of one's own, through the command line: a small random encoder learns made-up posts by heart."""

import json
from pathlib import Path

import pytest
from made_posts import made_posts, one_a_type
from typer.testing import CliRunner, Result

from mmavk_cli.cli.main import app

pytestmark = pytest.mark.slow
QUICK = ("--epochs", 12, "--encoder-lr", 0.003, "--head-lr", 0.03, "--dropout", 0, "--quiet")
TEXT = "Got Lumo Pad at Tulip Week"


def mmavk(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert getattr(result.exception, "code", result.exit_code) == code, result.output
    return result


def told(result: Result) -> str:
    """What was said for people: an error's text, or stderr."""
    return str(result.exception) if result.exception else result.stderr


@pytest.fixture(scope="module")
def place(small_encoder: Path, tmp_path_factory: pytest.TempPathFactory):
    """A data folder with 60 made-up posts, the tagger that was trained on them, and what it scores."""
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMAVK_DATA", str(folder / "data"))
        patch.setenv("COLUMNS", "80")
        write(folder, "made", train=made_posts(44, 1), valid=made_posts(8, 2), test=made_posts(8, 3))
        mmavk("train", "--dataset", "made", "--encoder", small_encoder, *QUICK, "--out", folder / "run")
        mmavk("eval", folder / "run", "--dataset", "made", "--out", folder / "scored")
        yield folder


def write(place: Path, name: str, **splits: str) -> None:
    folder = place / "data" / name
    folder.mkdir(parents=True)
    for split, text in splits.items():
        (folder / f"{split}.txt").write_text(text, "utf-8")


def tags(run: Path) -> list[str]:
    return json.loads((run / "model" / "tagger.json").read_text())["tags"]


def found(text: str, model: Path) -> list[tuple[str, str]]:
    """The names that a model finds in a post, and their types."""
    (record,) = map(json.loads, mmavk("tag", "--text", text, "--model", model, "--format", "jsonl").stdout.splitlines())
    return [(one["text"], one["type"]) for one in record["entities"]]


def test_the_types_are_those_of_the_training_data(place: Path):
    assert tags(place / "run") == ["O", "B-EVENT", "I-EVENT", "B-PRODUCT", "I-PRODUCT"]
    assert "(EVENT, PRODUCT)" in (place / "run" / "README.md").read_text()
    assert "| made/train | strict | " in (place / "run" / "data_card.md").read_text()
    assert "| split | rule | EVENT | PRODUCT | all |" in (place / "run" / "data_card.md").read_text()


def test_it_is_scored_by_type(place: Path):
    scores = json.loads((place / "scored" / "scores.json").read_text())
    assert scores["strict"].keys() == {"overall", "EVENT", "PRODUCT"}
    assert scores["strict"]["overall"]["f1"] > 90
    assert scores["errors"]["types"].keys() == {"EVENT", "PRODUCT"}
    assert scores["calibration"]["bins"]


def test_it_tags_exported_or_not(place: Path):
    assert found(TEXT, place / "run") == [("Lumo Pad", "PRODUCT"), ("Tulip Week", "EVENT")]
    mmavk("export", place / "run", "--out", place / "small")
    assert found(TEXT, place / "small") == found(TEXT, place / "run")
    table = mmavk("tag", "--text", TEXT, "--model", place / "small", "--format", "table").stdout
    assert "Tulip Week  EVENT" in table


def test_pages_and_comparisons_take_its_types(place: Path):
    page = mmavk("tag", "--text", TEXT, "--model", place / "run", "--format", "html").stdout
    assert page.count('class="own" style="--hue:') == 2
    report = place / "report.html"
    mmavk("report", place / "scored", place / "run", "--out", report)
    assert '<option value="EVENT">EVENT</option><option value="PRODUCT">' in report.read_text("utf-8")
    assert "PER 0.99" not in report.read_text("utf-8")
    result = mmavk("compare", place / "scored", place / "scored")
    assert "made test, 8 posts" in result.stdout


def test_training_with_types_renamed_is_kept_and_eval_needs_no_repetition(place: Path, small_encoder: Path):
    names = {"PRODUCT": "Thing", "EVENT": "happening"}
    write(place, "other", **{split: made_posts(many, many, names) for split, many in (("train", 40), ("valid", 7))})
    (place / "data" / "other" / "test.txt").write_text(made_posts(6, 5, names) + "Bob\tB-WORK\n\n", "utf-8")
    asked = ("--dataset", "other", "--types", "thing=PRODUCT,happening=drop")
    mmavk("train", *asked, "--encoder", small_encoder, *QUICK, "--out", place / "renamed")
    assert tags(place / "renamed") == ["O", "B-PRODUCT", "I-PRODUCT"]
    result = mmavk("eval", place / "renamed", "--dataset", "other", "--json", "--out", place / "renamed-scored")
    assert "types are renamed as in training: --types thing=PRODUCT,happening=drop" in result.stderr
    scores = json.loads(result.stdout)
    assert scores["strict"].keys() == {"overall", "PRODUCT", "WORK"}
    assert json.loads((place / "renamed-scored" / "run.json").read_text())["settings"]["types"] == scores["types"]
    again = mmavk("eval", place / "renamed", *asked[:2], "--json", "--types", "Thing=PRODUCT,...=drop")
    assert json.loads(again.stdout)["strict"].keys() == {"overall", "PRODUCT"}
    mmavk("export", place / "renamed", "--out", place / "renamed-small")
    exported = mmavk("eval", place / "renamed-small", "--dataset", "other", "--json")
    assert json.loads(exported.stdout)["types"] == scores["types"]


def test_a_type_of_the_test_split_alone_counts_as_missed_and_is_told(place: Path):
    write(place, "made-too", test=made_posts(4, 9) + "IMGID:x\nno\tO\nBob\tB-WORK\n\n")
    asked = ("eval", place / "run", "--dataset", "made-too", "--json")
    refused = told(mmavk(*asked, code=3))
    assert "made-too/test.txt" in refused
    assert "unknown tag 'B-WORK' of 'Bob'" in refused
    assert "The types of" in refused
    assert "--types WORK=TYPE; WORK=drop leaves out" in refused
    counted = mmavk(*asked, "--types", "WORK=WORK")
    scores = json.loads(counted.stdout)
    assert scores["strict"]["WORK"]["recall"] == 0
    assert scores["unknown_types"]["WORK"]["names"] == 1
    assert "the model has no type 'WORK': names missed 1, the first at " in counted.stderr
    dropped = json.loads(mmavk(*asked, "--types", "WORK=drop").stdout)
    assert "WORK" not in dropped["strict"]
    assert "unknown_types" not in dropped


def test_a_type_of_the_validation_split_alone_is_told_by_training(place: Path, small_encoder: Path):
    write(place, "gap", train=made_posts(12, 1), valid=made_posts(4, 2) + "IMGID:x\nno\tO\nBob\tB-WORK\n\n")
    plan = mmavk("train", "--dataset", "gap", "--encoder", small_encoder, "--out", place / "x", "--dry-run").stdout
    assert "types EVENT, PRODUCT" in plan
    (line,) = [line for line in plan.splitlines() if "unseen_type" in line]
    assert "unseen_type WORK" in line
    assert "names_missed 1" in line
    assert "valid.txt:" in line
    checked = mmavk("data", "check", "gap", "--json", code=3).stdout
    (finding,) = [one for one in json.loads(checked)["findings"] if one["kind"] == "unseen-type"]
    assert finding["places"][0]["detail"] == "WORK, 1 name"


@pytest.mark.parametrize(
    ("train", "valid", "types", "said"),
    [
        ("no\tO\n", "no\tO\n", "", "no post has a name"),
        ("a\tB-A\n", "a\tB-A\n", "A=drop", "no post has a name"),
        ("a\tB-A\n", "a\tB-C\n", "", "validation has C, training A"),
        ("a\tB-A\n", "a\tO\n", "", "validation has no name at all, training A"),
        ("a\tB-overall\n", "a\tB-overall\n", "", "a type cannot be called 'overall'"),
    ],
)
def test_what_cannot_be_learned_is_told_before_training(
    place: Path, small_encoder: Path, tmp_path: Path, train: str, valid: str, types: str, said: str
):
    write(tmp_path, "bad", train=train, valid=valid)
    asked = ("--dataset", "bad", "--data-dir", tmp_path / "data", "--out", place / "never")
    result = mmavk("train", *asked, "--encoder", small_encoder, "--types", types, code=3)
    assert said in told(result)


def test_the_shipped_tagger_scores_posts_with_other_names_for_its_types(place: Path):
    write(place, "onto", test="IMGID:1\nAnn\tB-PERSON\nLee\tI-PERSON\nin\tO\nParis\tB-GPE\ntoday\tB-DATE\n\n")
    asked = ("eval", "embedded", "--dataset", "onto", "--json")
    assert "--types PERSON=TYPE,GPE=TYPE,DATE=TYPE; PERSON=drop leaves out" in told(mmavk(*asked, code=3))
    scores = json.loads(mmavk(*asked, "--types", "PERSON=PER,GPE=LOC,...=drop").stdout)
    assert {kind: row["gold"] for kind, row in scores["strict"].items()} == {"overall": 2, "PER": 1, "LOC": 1}
    assert "the model has none of the types DATE" in told(mmavk(*asked, "--types", "DATE=DATE,...=drop", code=3))


def test_fifty_types_train_score_report_and_fit_the_screen(place: Path, small_encoder: Path):
    types = [f"kind {number}" for number in range(25)] + [f"a:b<{number}>" for number in range(25)]
    write(place, "many", **dict.fromkeys(("train", "valid", "test"), one_a_type(types)))
    out = place / "many"
    mmavk("train", "--dataset", "many", "--encoder", small_encoder, *QUICK, "--epochs", 2, "--out", out)
    assert len(tags(out)) == 101
    result = mmavk("eval", out, "--dataset", "many", "--out", place / "many-scored")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "kind 7" in result.stdout
    assert found("see Name7", out) is not None
    report = place / "many.html"
    mmavk("report", place / "many-scored", "--out", report)
    assert '<option value="a%3Ab%3C3%3E">a:b&lt;3&gt;</option>' in report.read_text("utf-8")
    mmavk("export", out, "--out", place / "many-small")
    assert found("see Name7", place / "many-small") is not None
