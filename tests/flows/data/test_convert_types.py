"""`mmavk data convert --types`: renamed on the way, told, and the same in a settings file and the environment."""

import json
from pathlib import Path

import pytest
from ran import Mmavk

POSTS = """IMGID:1
Ann	B-PERSON
Lee	I-PERSON
in	O
Paris	B-GPE
today	B-DATE

"""
WANTED = ["B-PER", "I-PER", "O", "B-LOC", "O"]
TYPES = "PERSON=PER,GPE=LOC,...=drop"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "posts.conll"
    path.write_text(POSTS, "utf-8")
    return path


def test_types_are_renamed_and_left_out_and_that_is_told(source: Path, mmavk: Mmavk):
    target = source.with_name("out.jsonl")
    ran = mmavk("data", "convert", source, target, "--types", TYPES)
    assert ran.code == 0
    assert json.loads(target.read_text())["tags"] == WANTED
    for line in (
        "names 2",
        "the type 'PERSON' is now 'PER': 1 name",
        "the type 'DATE' is left out as asked: 1 name",
        "what was read is kept",
    ):
        assert line in ran.out, ran.out


def test_json_counts_the_same(source: Path, mmavk: Mmavk):
    asked = ("data", "convert", source, source.with_name("out.conll"), "--types", f"{TYPES},FAC=LOC", "--json")
    ran = mmavk(*asked)
    assert ran.json["renamed"] == [
        {"from": "PERSON", "to": "PER", "names": 1},
        {"from": "GPE", "to": "LOC", "names": 1},
        {"from": "DATE", "to": None, "names": 1},
    ]


def test_a_type_that_no_post_has_is_told(source: Path, mmavk: Mmavk):
    out = mmavk("data", "convert", source, source.with_name("out.jsonl"), "--types", "FAC=LOC,GPE=LOC").out
    assert "no name has the type 'FAC'" in out
    assert "the type 'GPE' is now 'LOC': 1 name" in out


@pytest.mark.parametrize("way", ["environment", "settings file", "--config"])
def test_the_same_can_stand_elsewhere(source: Path, way: str, mmavk: Mmavk, monkeypatch: pytest.MonkeyPatch):
    file = source.with_name("settings.toml")
    file.write_text(f'types = "{TYPES}"\n', "utf-8")
    more: list[object] = []
    if way == "environment":
        monkeypatch.setenv("MMAVK_TYPES", TYPES)
    elif way == "settings file":
        monkeypatch.setenv("MMAVK_CONFIG", str(file))
    else:
        more = ["--config", file]
    target = source.with_name("out.jsonl")
    assert mmavk("data", "convert", source, target, *more).code == 0
    assert json.loads(target.read_text())["tags"] == WANTED


def test_what_cannot_be_read_names_the_flag(source: Path, mmavk: Mmavk):
    ran = mmavk("data", "convert", source, "-", "--to", "jsonl", "--types", "PERSON")
    assert (ran.code, ran.out) == (2, "")
    assert "--types: 'PERSON' is not OLD=NEW, as in PERSON=PER,GPE=LOC,...=drop" in ran.err


@pytest.mark.parametrize("kind", ["B-PER", "PER ", " PER", "b-PER", "I-PER"])
def test_a_type_that_is_written_like_a_tag_or_with_blanks_is_the_type(kind: str, tmp_path: Path, mmavk: Mmavk):
    row = {"text": "Ann Lee", "entities": [{"start": 0, "end": 7, "type": kind}]}
    (tmp_path / "in.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    ran = mmavk("data", "convert", tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.jsonl").read_text())["tags"] == ["B-PER", "I-PER"]
    assert f"the type {kind!r} is now 'PER': 1 name" in ran.out
