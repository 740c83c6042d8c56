"""eval and compare through the command line: the shipped tagger on the first posts of Twitter-2017."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mmavk_cli.base.digest import digest_file
from mmavk_cli.cli.main import app
from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.corpus.jsonl import read_jsonl
from mmavk_cli.flows.evaluate.evaluate import real_pictures
from mmavk_cli.flows.shared.evaluated_run import read_predictions
from mmavk_cli.knowledge.importing import captions_by_image
from mmavk_cli.spans import strict_spans

POSTS = 60
WITH_PICTURE = 40
"""The pictures that are there; eval looks only whether they are."""


def mmavk(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def place(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with the whole train split, two small ones and some pictures, and a store with captions."""
    folder = tmp_path_factory.mktemp("scored")
    source, target = shared_data / "twitter2017", folder / "twitter2017"
    target.mkdir()
    (target / "train.txt").write_bytes((source / "train.txt").read_bytes())
    for split in ("valid", "test"):
        posts = (source / f"{split}.txt").read_text("utf-8").split("IMGID:")[1 : POSTS + 1]
        (target / f"{split}.txt").write_text("".join(f"IMGID:{post}" for post in posts), "utf-8")
    (folder / "pictures").mkdir()
    for post in list(read_conll(target / "test.txt"))[:WITH_PICTURE]:
        (folder / "pictures" / f"{post.image_id}.jpg").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMAVK_DATA", str(folder))
        patch.setenv("MMAVK_HOME", str(folder / "home"))
        captions = shared_data / "knowledge" / "blip2" / "twitter2017.txt"
        assert mmavk("store", "import", "--dataset", "twitter2017", captions).exit_code == 0
        yield folder


def evaluate(place: Path, name: str, *more: object) -> dict[str, Any]:
    asked = ("eval", "embedded", "--dataset", "twitter2017", "--format", "json", "--out", place / name)
    result = mmavk(*asked, *more)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def own(place: Path) -> dict[str, Any]:
    """The scores of a run with captions, in `own`."""
    return evaluate(place, "own", "--knowledge", "blip2", "--images", place / "pictures")


@pytest.fixture(scope="module")
def none(place: Path, own: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """The scores of a run without knowledge, in `none`, beside `own`."""
    return evaluate(place, "none")


def test_json_has_the_names_of_the_page(own: dict[str, Any]) -> None:
    assert list(own) == [
        "model", "dataset", "split", "knowledge", "posts", "with_knowledge", "gated", "without_similarity", "rule",
        "picture_test", "strict", "conlleval", "groups", "errors", "calibration",
    ]  # fmt: skip


def test_a_type_that_only_conlleval_sees_has_a_line(place: Path) -> None:
    (place / "orphan").mkdir()
    (place / "orphan" / "test.txt").write_text("IMGID:1\nthe\tO\nxyzzy\tI-MISC\nof\tO\nplugh\tB-LOC\n")
    asked = ("eval", "embedded", "--dataset", "orphan")
    found = json.loads(mmavk(*asked, "--format", "json").stdout)
    assert (found["strict"]["overall"]["gold"], found["conlleval"]["overall"]["gold"]) == (1, 2)
    lines = [line.split() for line in mmavk(*asked).stdout.splitlines()]
    assert ["MISC", *"-----", "0.00", "0.00", "0.00", "1"] in lines


def test_scores_of_groups_are_parts_of_the_whole(own: dict[str, Any]) -> None:
    overall = own["strict"]["overall"]
    assert overall["gold"] == own["conlleval"]["overall"]["gold"] > 50
    groups = own["groups"]["strict"]
    assert groups["seen"]["gold"] + groups["unseen"]["gold"] == overall["gold"]
    assert groups["picture"]["gold"] + groups["no picture"]["gold"] == overall["gold"]
    for row in (*own["strict"].values(), *own["conlleval"].values(), *groups.values()):
        low, high = row["interval"]
        assert 0 <= low <= row["f1"] <= high <= 100
    assert overall["interval"][0] < overall["f1"] < overall["interval"][1]
    errors = own["errors"]
    found = sum(errors[kind] for kind in ("correct", "boundary", "type", "both", "spurious"))
    assert 100 * errors["correct"] / found == pytest.approx(overall["precision"])
    assert sum(one["names"] for one in own["calibration"]["bins"]) == found


def test_a_run_holds_what_was_found_and_on_which_data(place: Path, own: dict[str, Any]) -> None:
    run = place / "own"
    records = {"run.json", "scores.json", "data.json", "predictions.test.jsonl"}
    assert {path.name for path in run.iterdir()} == records | {"README.md", "data_card.md"}
    assert json.loads((run / "scores.json").read_text()) == own
    facts = json.loads((run / "run.json").read_text())
    assert facts["device"] == "cpu"
    assert facts["data"] == {"twitter2017/test": digest_file(place / "twitter2017" / "test.txt")}
    shown = json.loads(mmavk("store", "ls", "--format", "json").stdout)
    assert facts["recipes"][0] in json.dumps(shown)


def test_predictions_are_records_of_tag_with_the_gold(place: Path, own: dict[str, Any]) -> None:
    path = place / "own" / "predictions.test.jsonl"
    posts = list(read_conll(place / "twitter2017" / "test.txt"))
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [(row["id"], row["text"]) for row in rows] == [(post.id, post.text) for post in posts]
    right = 0
    for row, post in zip(rows, posts, strict=True):
        for entity in (*row["entities"], *row["gold"]):
            assert row["text"][entity["start"] : entity["end"]] == entity["text"]
        gold = [(one["word_start"], one["word_end"], one["type"]) for one in row["gold"]]
        assert gold == [(span.start, span.end, span.type) for span in strict_spans(post.tags or ())]
        right += sum((one["word_start"], one["word_end"], one["type"]) in gold for one in row["entities"])
    assert right == own["errors"]["correct"]
    assert all("error" not in row and row["knowledge"]["recipe"].startswith("sha256:") for row in rows)
    assert len(list(read_jsonl(path))) == POSTS, "the records are input again"


def test_picture_test_scores_all_three_and_their_gaps(place: Path, own: dict[str, Any], none: dict[str, Any]) -> None:
    asked = ("--knowledge", "blip2", "--picture-test", "--images", place / "pictures")
    tested = evaluate(place, "tested", *asked)
    assert {key: value for key, value in tested.items() if key != "picture_test"} == {
        key: value for key, value in own.items() if key != "picture_test"
    }
    assert tested["picture_test"].keys() == {"shuffled", "blank"}
    blank = tested["picture_test"]["blank"]
    assert blank["f1"] == pytest.approx(none["strict"]["overall"]["f1"])
    gap = blank["own_minus"]
    assert gap["difference"] == pytest.approx(own["strict"]["overall"]["f1"] - blank["f1"])
    assert gap["interval"][0] <= gap["difference"] <= gap["interval"][1]
    assert 0 < gap["p"] <= 1
    shuffled = evaluate(place, "shuffled", "--knowledge", "blip2", "--pairing", "shuffled")
    assert tested["picture_test"]["shuffled"]["f1"] == pytest.approx(shuffled["strict"]["overall"]["f1"])


def test_what_cannot_be_known_is_left_out(place: Path, none: dict[str, Any]) -> None:
    assert none["groups"]["strict"].keys() == {"seen", "unseen"}, "60 posts, no pictures: nothing speaks of them"
    valid = evaluate(place, "valid", "--split", "valid")
    (place / "alone").mkdir()
    (place / "alone" / "test.txt").write_bytes((place / "twitter2017" / "valid.txt").read_bytes())
    alone = json.loads(mmavk("eval", "embedded", "--dataset", "alone", "--format", "json").stdout)
    assert alone["groups"] == {"strict": {}, "conlleval": {}}, "without a train split nothing is seen"
    assert alone["strict"] == valid["strict"]


def test_table_shows_both_rules_and_fits_a_pipe(own: dict[str, Any]) -> None:
    result = mmavk("eval", "embedded", "--dataset", "twitter2017", "--knowledge", "blip2", "--picture-test")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert any("strict" in line and "conlleval" in line for line in lines)
    overall = next(line.split() for line in lines if line.startswith("overall"))
    assert overall[3] == f"{own['strict']['overall']['f1']:.2f}"
    assert overall[5] == overall[9] == str(own["strict"]["overall"]["gold"])
    assert {line.split()[0] for line in lines if line.strip()} >= {"seen", "unseen", "PER", "none", "shuffled", "blank"}
    assert max(len(line) for line in lines if not line.startswith(("Names", "shuffled", "blank"))) <= 80


def test_compare_tells_no_gap_between_equal_runs(place: Path, own: dict[str, Any]) -> None:
    result = mmavk("compare", place / "own", place / "own", "--format", "json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    scores = found["runs"][0]["scores"]
    assert scores.pop("interval") == pytest.approx(own["strict"]["overall"]["interval"])
    assert scores == pytest.approx({key: own["strict"]["overall"][key] for key in scores})
    assert (found["rule"], found["dataset"], found["split"], found["posts"]) == ("strict", "twitter2017", "test", POSTS)
    (gap,) = found["gaps"]
    assert (gap["difference"], gap["interval"], gap["p"], gap["significant"]) == (0.0, [0.0, 0.0], 1.0, False)


def test_compare_calls_a_gap_one_only_when_it_is(place: Path, none: dict[str, Any]) -> None:
    worse = place / "worse"
    worse.mkdir()
    for name in ("run.json", "scores.json"):
        (worse / name).write_bytes((place / "none" / name).read_bytes())
    lines = (place / "none" / "predictions.test.jsonl").read_text("utf-8").splitlines()
    half = [json.loads(line) | ({"entities": []} if number % 2 else {}) for number, line in enumerate(lines)]
    (worse / "predictions.test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in half), "utf-8")
    names = [place / name for name in ("own", "none", "worse")]
    found = json.loads(mmavk("compare", *names, "--format", "json").stdout)
    assert found["runs"][1]["scores"]["f1"] == pytest.approx(none["strict"]["overall"]["f1"])
    assert [one["knowledge"] for one in found["runs"]] == ["blip2 (own)", "none", "none"]
    verdicts = {(Path(gap["first"]).name, Path(gap["second"]).name): gap["significant"] for gap in found["gaps"]}
    assert verdicts == {("own", "none"): False, ("own", "worse"): True, ("none", "worse"): True}
    table = mmavk("compare", *names).stdout
    assert table.count("is better") == 2
    assert table.count("no gap that is more than chance") == 1
    assert f"{place / 'none'} is better" in table


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["own"], 2, "at least two runs are needed"),
        (["own", "valid"], 3, "scored on different data (twitter2017/test and twitter2017/valid"),
        (["own", "nowhere"], 3, "no run here"),
        (["own", "train"], 3, "not a run of mmavk eval"),
        (["own", "cut"], 3, "cut/predictions.test.jsonl:3: not a record"),
        (["own", "short"], 3, "not the posts of"),
        (["own", "empty"], 3, "no predictions"),
        (["own", "gone"], 3, "cannot read"),
        (["own", "broken"], 3, "the run is broken"),
        (["own", "unsaid"], 3, "unsaid/scores.json: the run has no 'knowledge'"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(
    place: Path, none: dict[str, Any], words: list[str], code: int, text: str
) -> None:
    assert none
    if not (place / "valid").exists():
        evaluate(place, "valid", "--split", "valid")
    facts = (place / "none" / "run.json").read_text()
    lines = (place / "none" / "predictions.test.jsonl").read_text("utf-8").splitlines(keepends=True)
    contents = {"cut": [*lines[:2], lines[2][:40]], "short": lines[:-1], "empty": [], "unsaid": lines}
    for name, content in contents.items():
        (place / name).mkdir(exist_ok=True)
        (place / name / "scores.json").write_text("{}")
        (place / name / "run.json").write_text(facts)
        (place / name / "predictions.test.jsonl").write_text("".join(content), "utf-8")
    for name, said in {"train": '{"command": "train"}', "gone": facts, "broken": facts[:50]}.items():
        (place / name).mkdir(exist_ok=True)
        (place / name / "run.json").write_text(said)
    result = mmavk("compare", *(place / word for word in words))
    assert getattr(result.exception, "code", None) == code, result.output
    assert text in str(result.exception)


@pytest.mark.parametrize(
    ("more", "code", "text"),
    [
        (["--picture-test"], 2, "needs --knowledge"),
        (["--knowledge", "blip2", "--picture-test", "--pairing", "blank"], 2, "leave out --pairing"),
        (["--resamples", "5"], 2, "--resamples: "),
        (["--out", "{place}/own"], 3, "already exists"),
        (["--dataset", "untagged"], 3, "the post has no tags"),
        (["--knowledge", "blip3", "--out", "{place}/left"], 4, "Did you mean 'blip2'"),
    ],
)
def test_eval_says_what_it_cannot_do(place: Path, own: dict[str, Any], more: list[str], code: int, text: str) -> None:
    assert own
    (place / "untagged").mkdir(exist_ok=True)
    (place / "untagged" / "test.jsonl").write_text('{"text": "Two days in Paris"}\n')
    result = mmavk("eval", "embedded", "--dataset", "twitter2017", *(word.format(place=place) for word in more))
    assert getattr(result.exception, "code", None) == code, result.output
    assert text in str(result.exception)
    assert not list(place.glob(".*.unfinished"))


def test_read_predictions_gives_spans_in_words(place: Path, own: dict[str, Any]) -> None:
    read = list(read_predictions(place / "own" / "predictions.test.jsonl"))
    assert sum(len(one.gold) for one in read) == own["strict"]["overall"]["gold"]


def test_a_placeholder_is_known_by_its_caption(shared_data: Path) -> None:
    """The one sentence of Twitter-2017 that 50 test posts share; Twitter-2015 has none that tells of a placeholder."""
    for name, expected in (("twitter2017", 50), ("twitter2015", None)):
        captions = captions_by_image(shared_data / "knowledge" / "blip2" / f"{name}.txt")
        texts = [captions[post.image_id or ""] for post in read_conll(shared_data / name / "test.txt")]
        real = real_pictures(texts, None)
        assert (real and real.count(False)) == expected


def test_few_or_rare_equal_texts_and_no_text_tell_of_no_placeholder() -> None:
    assert real_pictures(["same"] * 9 + ["other"], None) is None
    assert real_pictures(["same"] * 10 + [str(number) for number in range(500)], None) is None
    assert real_pictures([None] * 20, None) is None
    assert real_pictures(["same"] * 10 + ["other"], None) == [False] * 10 + [True]


def test_missing_pictures_are_not_real() -> None:
    assert real_pictures(["a", "b"], [False, True]) == [True, False]
    assert real_pictures([None] * 2, [False, False]) is None
