"""`mmavk data check` says of types, before training, what training would say."""

import json
from pathlib import Path

import pytest
from ran import Mmavk

from mmavk_cli.corpus.findings import KINDS

SETS = {
    "unseen-type": (
        {"train": "x\tB-A\n\n", "valid": "x\tB-A\n\n", "test": "IMGID:1\nx\tB-A\ny\tO\nz\tB-WORK\nz\tB-WORK\n\n"},
        [("test.txt:4", "WORK, 2 names")],
    ),
    "untested-type": (
        {"train": "x\tB-A\ny\tB-C\ny\tB-C\n\n", "valid": "x\tB-A\n\n", "test": "x\tB-A\ny\tB-C\n\n"},
        [("valid.txt", "C, 2 names in train.txt")],
    ),
    "types-alike": (
        {"train": "x\tB-WORK\n\n", "valid": "x\tB-WORK\n\n", "test": "x\tO\ny\tB-Work\n\n"},
        [("test.txt:2", "Work, but WORK at train.txt:1")],
    ),
    "no-names": (
        {"train": "x\tB-A\n\n", "valid": "x\tO\n\ny\tO\n\n", "test": "x\tB-A\n\n"},
        [("valid.txt", "2 tweets")],
    ),
    "own-type": (
        {"train": "x\tB-PER\ny\tB-A\n\n", "valid": "x\tB-PER\ny\tB-A\n\n", "test": "x\tI-A\n\n"},
        [("train.txt:2", "A, 1 name"), ("valid.txt:2", "A, 1 name"), ("test.txt:1", "A, 1 name")],
    ),
}


@pytest.fixture
def checked(make_set, mmavk: Mmavk):
    """The findings of a data set by kind: places and details."""

    def found(splits: dict[str, str], *more: str) -> tuple[int, dict[str, list[tuple[str, str]]]]:
        folder = make_set(**splits)
        ran = mmavk("data", "check", "tiny", "--data-dir", folder.parent, "--json", *more)
        places = {one["kind"]: [(at["where"], at["detail"]) for at in one["places"]] for one in ran.json["findings"]}
        return ran.code, places

    return found


@pytest.mark.parametrize("kind", SETS)
def test_a_fault_of_types_is_found_at_its_place(checked, kind: str):
    splits, places = SETS[kind]
    code, found = checked(splits)
    assert found[kind] == places
    assert code == 3 or KINDS[kind][0] == "note"


def test_posts_without_tags_are_found(make_set, mmavk: Mmavk):
    folder = make_set(train="x\tB-A\n\n", test="x\tB-A\n\n")
    rows = [{"text": "x", "entities": [{"start": 0, "end": 1, "type": "A"}]}, {"text": "no tags at all"}]
    (folder / "valid.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    ran = mmavk("data", "check", "tiny", "--data-dir", folder.parent)
    assert ran.code == 3
    assert "valid.jsonl:2: 'no tags at all'" in ran.out
    assert "no-names" not in ran.out


def test_what_is_renamed_is_judged_by_its_new_name(checked):
    splits = {"train": "x\tB-PERSON\n\n", "valid": "x\tB-PER\n\n", "test": "x\tB-person\n\n"}
    code, found = checked(splits)
    assert code == 3
    assert found.keys() >= {"unseen-type", "own-type", "untested-type", "types-alike"}
    code, found = checked(splits, "--types", "PERSON=PER")
    assert not found.keys() & {"unseen-type", "own-type", "untested-type", "types-alike"}
    assert "conflicting-tags" not in found


def test_a_set_without_train_has_no_unseen_types(checked):
    assert "unseen-type" not in checked({"test": "x\tB-WORK\n\n"})[1]


def test_stats_list_own_types_alone_and_the_paper_s_together(make_set, mmavk: Mmavk):
    def listed(text: str, *more: str) -> list[str]:
        folder = make_set(train=text)
        rows = mmavk("data", "stats", "tiny", "--data-dir", folder.parent, "--json", *more).json["lines"]
        return [row["what"] for row in rows][:-3]

    assert listed("x\tB-WORK\ny\tB-EVENT\n") == ["EVENT", "WORK"]
    assert listed("x\tB-WORK\ny\tB-ORG\n") == ["PER", "LOC", "ORG", "MISC", "WORK"]
    assert listed("x\tB-WORK\n", "--types", "WORK=Thing") == ["Thing"]


def test_the_table_of_stats_names_each_split_once(make_set, mmavk: Mmavk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "100")
    folder: Path = make_set(train="x\tB-WORK\n", valid="x\tB-[red]\n", test="x\tB-WORK\n")
    out = mmavk("data", "stats", "tiny", "--data-dir", folder.parent).out
    _, _, table = out.partition("\n")
    assert [table.count(split) for split in ("train", "valid", "test")] == [1, 1, 1]
    assert "[red]" in out
