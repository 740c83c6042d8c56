"""`mmavk data check`: every kind of finding with its place, and the real data against the counts made before."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mmavk_cli.corpus.check import essence
from mmavk_cli.corpus.findings import KINDS
from mmavk_cli.flows.data.check import Check, DataCheckSettings, data_check

CLEAN = {
    "train": "IMGID:1\nAnn\tB-PER\nLee\tI-PER\n\n",
    "valid": "IMGID:2\nBob\tB-PER\n\n",
    "test": "IMGID:3\nCem\tB-PER\n\n",
}


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


def check(name: str, data_dir: Path, images: Path | None = None) -> Check:
    return data_check(DataCheckSettings(dataset=name, data_dir=data_dir, images=images), silent)


def places(found: Check) -> dict[str, list[str]]:
    return {finding.kind: [place.where for place in finding.places] for finding in found.findings}


def counts(found: Check) -> dict[str, dict[str, int]]:
    return {finding.kind: dict(finding.counts) for finding in found.findings}


def test_a_clean_set_has_no_faults(make_set):
    folder = make_set(**CLEAN)
    found = check("tiny", folder.parent)
    assert places(found) == {"no-pictures": ["tiny_images"]}
    assert found.tweets == {"train": 1, "valid": 1, "test": 1}
    assert not found.changes_score


ONE = [
    ("split-empty", "test", "", ["test.txt"]),
    ("orphan-i", "train", "IMGID:1\nx\tO\nAnn\tI-PER\nLee\tI-PER\nBo\tB-PER\nx\tO\nAl\tB-PER\n\n", ["train.txt:3"]),
    (
        "orphan-i",
        "train",
        "IMGID:1\nAnn\tI-PER\nx\tO\nLee\tI-LOC\n\nA\tB-LOC\nx\tO\nB\tB-PER\n\n",
        ["train.txt:2", "train.txt:4"],
    ),
    ("scheme", "train", "IMGID:1\nx\tO\nAnn\tI-PER\nLee\tI-PER\n\n", ["train.txt:3"]),
    ("scheme", "train", "IMGID:1\nAnn\tB-PER\nLee\tE-PER\n\n", ["train.txt:3"]),
    ("columns", "train", "IMGID:1\nAnn\tx\tB-PER\n\n", ["train.txt:2"]),
    ("document", "train", "-DOCSTART-\tO\n\nIMGID:1\nAnn\tB-PER\n\n", ["train.txt:1"]),
    ("comment", "train", "# id = 1\nIMGID:1\nAnn\tB-PER\n\n", ["train.txt:1"]),
    ("no-word", "train", "IMGID:1\nAnn\tB-PER\n\tO\n\n", ["train.txt:3"]),
    ("padding", "train", "IMGID:1\nAnn \tB-PER\n\n", ["train.txt:2"]),
    ("blank-line", "train", "IMGID:1\nAnn\tB-PER\n \nIMGID:2\nx\tO\n\n", ["train.txt:3"]),
    ("type-switch", "train", "IMGID:1\nAnn\tB-PER\nLee\tI-LOC\n\n", ["train.txt:3"]),
    ("other-naming", "train", "IMGID:1\nCup\tB-OTHER\nx\tI-MISC\n\n", ["train.txt:2"]),
    ("space-in-word", "train", "IMGID:1\nx\tO\n\u00a0\tO\n\n", ["train.txt:3"]),
    ("space-in-word", "train", "IMGID:1\nNew York\tB-LOC\n\n", ["train.txt:2"]),
    ("invisible-word", "train", "IMGID:1\nx\tO\n\u200d\ufe0f\tO\n\n", ["train.txt:3"]),
    ("no-final-blank", "train", "IMGID:1\nx\tO\n", ["train.txt:2"]),
    ("no-final-blank", "train", "IMGID:1\nx\tO", ["train.txt:2"]),
    ("no-image-id", "train", "IMGID:1\nx\tO\n\ny\tO\n\n", ["train.txt:4"]),
    ("bad-line", "train", "IMGID:1\nx\tB-LOC\n\nIMGID:4\ny\tPER\nz\n\n", ["train.txt:5", "train.txt:6"]),
    ("bad-line", "train", "IMGID:1\nx\tO\n\nIMGID:4\n", ["train.txt:4"]),
    ("repeated-across", "test", "IMGID:3\nAnn\tB-PER\nLee\tI-PER\n\n", ["test.txt:2"]),
    ("repeated-near", "test", "IMGID:3\n@x\tO\nANN\tB-PER\nLee\tI-PER\n!\tO\nhttp://t.co/1\tO\n\n", ["test.txt:2"]),
    ("repeated-inside", "test", "IMGID:3\nx\tO\n\nIMGID:4\nx\tO\n\n", ["test.txt:5"]),
    ("repeated-image", "test", "IMGID:2\nCem\tB-PER\n\n", ["test.txt:2"]),
    ("conflicting-tags", "test", "IMGID:3\nAnn\tB-PER\nLee\tO\n\n", ["test.txt:2"]),
    ("splits-equal", "test", "IMGID:3\r\nBob\tB-PER\r\n\r\n", ["test.txt"]),
]


@pytest.mark.parametrize(("kind", "split", "content", "expected"), ONE)
def test_a_fault_is_found_at_its_line(make_set, kind: str, split: str, content: str, expected: list[str]):
    folder = make_set(**(CLEAN | {split: content}))
    found = check("tiny", folder.parent)
    assert places(found)[kind] == expected
    assert found.changes_score >= (KINDS[kind][0] == "score")


def test_a_missing_split_is_found(make_set):
    found = check("tiny", make_set(train=CLEAN["train"], test=CLEAN["test"]).parent)
    assert counts(found)["split-missing"] == {"valid": 1}
    assert found.changes_score


def test_faults_in_json_lines_are_found(make_set):
    folder = make_set(**CLEAN)
    (folder / "valid.txt").unlink()
    (folder / "valid.jsonl").write_text(
        '{"words": ["Bob"], "tags": ["I-PER"]}\nnot json\n{"words": ["Bo", "x"], "tags": ["B-PER", "O"], "ents": [1]}\n'
        '{"text": "Anna", "entities": [{"start": 0, "end": 3, "type": "PER"}]}\n'
        '{"text": "x", "gold": [[0, 1, "LOC"]]}\n'
    )
    found = places(check("tiny", folder.parent))
    expected = {
        "orphan-i": ["valid.jsonl:1"], "bad-line": ["valid.jsonl:2"], "widened": ["valid.jsonl:4"],
        "unread-names": ["valid.jsonl:5"], "unread-field": ["valid.jsonl:3"],
    }  # fmt: skip
    assert {kind: found.get(kind) for kind in expected} == expected


def test_an_id_that_comes_twice_is_found(make_set):
    folder = make_set(**CLEAN)
    (folder / "valid.txt").unlink()
    (folder / "valid.jsonl").write_text('{"id": "a", "text": "Bob", "entities": []}\n' * 2)
    assert places(check("tiny", folder.parent))["repeated-id"] == ["valid.jsonl:2"]


def test_essence_drops_what_a_retweet_changes():
    assert essence("RT @a_b : Hello #World ! http://t.co/x") == essence("rt @c: hello world")
    assert essence("see www.x.org @ BBC") == "see"
    assert essence("http://t.co/x @y") == ""


@pytest.fixture
def pictures(make_set, tmp_path: Path) -> Path:
    """A set of three posts whose pictures are sound, cut short and missing."""
    from PIL import Image

    make_set(**CLEAN)
    images = tmp_path / "tiny_images"
    images.mkdir()
    Image.effect_noise((64, 64), 50).save(images / "1.png")
    whole = (images / "1.png").read_bytes()
    (images / "2.png").write_bytes(whole[: len(whole) // 2])
    return images


def test_missing_and_broken_pictures_are_found(pictures: Path):
    found = check("tiny", pictures.parent)
    assert places(found) == {"picture-missing": ["test.txt:2"], "picture-broken": ["valid.txt:2"]}
    assert found.changes_score


def test_pictures_elsewhere_and_nowhere(pictures: Path, mmavk):
    elsewhere = pictures.rename(pictures.parent / "elsewhere")
    assert "picture-broken" in places(check("tiny", pictures.parent, elsewhere))
    assert "no-pictures" in places(check("tiny", pictures.parent))
    code, out, err = mmavk("data", "check", "tiny", "--data-dir", pictures.parent, "--images", pictures)
    assert (code, out) == (3, "")
    assert str(pictures) in err


FACTS_2015 = {
    "orphan-i": {"train": 175, "valid": 52, "test": 129},
    "type-switch": {"train": 11, "valid": 1, "test": 6},
    "conflicting-tags": {"train": 1, "train-valid": 1, "train-test": 1, "valid-test": 1},
    "space-in-word": {"valid": 1},
    "no-final-blank": {"train": 1, "valid": 1, "test": 1},
    "other-naming": {"train": 1765, "valid": 442, "test": 1436},
    "repeated-across": {"train-valid": 2, "train-test": 4, "valid-test": 3},
    "repeated-near": {"train-valid": 2, "train-test": 2, "valid-test": 1},
    "repeated-inside": {"train": 1, "test": 3},
    "no-pictures": {"all": 1},
}
FACTS_2017 = {
    "invisible-word": {"train": 112, "valid": 16, "test": 26},
    "repeated-across": {"train-valid": 1},
    "repeated-near": {"train-valid": 1, "train-test": 4, "valid-test": 1},
    "repeated-inside": {"train": 2},
    "no-pictures": {"all": 1},
}


@pytest.mark.parametrize(
    ("name", "facts", "grave"), [("twitter2015", FACTS_2015, True), ("twitter2017", FACTS_2017, False)]
)
def test_findings_in_the_real_data(shared_data, name: str, facts: dict[str, dict[str, int]], grave: bool):
    found = check(name, shared_data)
    assert counts(found) == facts
    assert found.changes_score == grave


def test_places_in_the_real_data_hold_what_is_said(shared_data):
    lines = {
        f"{split}.txt": (shared_data / "twitter2015" / f"{split}.txt").read_text("utf-8").split("\n")
        for split in ("train", "valid", "test")
    }
    checked = 0
    for finding in check("twitter2015", shared_data).findings:
        if finding.kind in {"orphan-i", "type-switch", "other-naming", "space-in-word"}:
            for place in finding.places:
                name, _, number = place.where.partition(":")
                word, tag = lines[name][int(number) - 1].split("\t")
                assert place.detail.startswith(ascii(word) if finding.kind == "space-in-word" else f"{tag} {word!r}")
                checked += 1
    assert checked == 356 + 18 + 3643 + 1


@pytest.fixture
def copied(shared_data: Path, tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(shared_data / name, tmp_path / name, copy_function=shutil.copyfile))

    return copy


def test_the_last_tweet_dropped_and_test_taken_for_valid(copied):
    """The two faults of other programs' copies: a lost last tweet (T15), test equal to valid (T17)."""
    folder = copied("twitter2017")
    raw = (folder / "train.txt").read_text("utf-8")
    (folder / "train.txt").write_text(raw[: raw.rindex("IMGID:")], "utf-8")
    shutil.copyfile(folder / "valid.txt", folder / "test.txt")
    found = check("twitter2017", folder.parent)
    by_kind = counts(found)
    assert by_kind["tweet-count"] == {"train": 1}
    assert by_kind["splits-equal"] == {"valid-test": 1}
    assert by_kind["edited-file"] == {"train": 1, "test": 1}
    assert by_kind["repeated-across"]["valid-test"] == 723
    (detail,) = [finding.places[0].detail for finding in found.findings if finding.kind == "tweet-count"]
    assert detail == "3372 tweets, published 3373"


def test_exit_codes_and_forms(shared_data, mmavk):
    code, out, _ = mmavk("data", "check", "twitter2015", "--data-dir", shared_data)
    assert code == 3
    assert "score  orphan-i  356 (train 175, valid 52, test 129)" in out
    assert "and 351 more (--all lists them)" in out
    code, out, _ = mmavk("data", "check", "twitter2015", "--data-dir", shared_data, "--all", "--format", "json")
    found = {finding["kind"]: finding for finding in json.loads(out)["findings"]}
    assert code == 3
    assert json.loads(out)["changes_score"] is True
    assert found["orphan-i"]["count"] == len(found["orphan-i"]["places"]) == 356
    code, out, err = mmavk("data", "check", "twitter2017", "--data-dir", shared_data, "--format", "json")
    assert (code, err) == (0, "")
    assert {len(finding["places"]) for finding in json.loads(out)["findings"]} <= {1, 2, 5}
