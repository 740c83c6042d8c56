"""`mmavk data convert` as it is typed."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.corpus.formats.registry import FORMATS, READERS
from mmavk_cli.flows.data.convert_paths import FormatName, SourceFormat

Mmavk = Callable[..., tuple[int, str, str]]

CONLL = "IMGID:7\nAnn\tB-PER\nLee\tI-PER\nin\tO\nRome\tB-LOC\n\nIMGID:8\nParis\tB-LOC\n\n"


@pytest.fixture
def tweets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data set `tweets` in the data folder, and the working folder."""
    folder = tmp_path / "data" / "tweets"
    folder.mkdir(parents=True)
    for split in ("train", "valid", "test"):
        (folder / f"{split}.txt").write_text(CONLL)
    monkeypatch.setenv("MMAVK_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_choices_are_the_formats():
    assert set(FormatName.__args__) == set(FORMATS)  # type: ignore[attr-defined]
    assert set(SourceFormat.__args__) == set(READERS)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FORMATS)
def test_a_data_set_goes_there_and_back(name: str, mmavk: Mmavk, tweets: Path):
    assert mmavk("data", "convert", "tweets", "there", "--to", name)[0] == 0
    code, out, err = mmavk("data", "convert", "there", "back", "--to", "conll")
    assert (code, err) == (0, "")
    assert f"there ({name}) to back (conll)" in out
    assert ("6 posts without a picture's name" if name == "brat" else "is kept") in out
    for split in ("train", "valid", "test"):
        assert (tweets / "back" / f"{split}.txt").read_text() == CONLL


@pytest.mark.parametrize("name", ["doccano", "prodigy", "spacy", "jsonl"])
def test_real_posts_go_there_and_back(name: str, mmavk: Mmavk, shared_data: Path, tmp_path: Path):
    source = shared_data / "twitter2017" / "test.txt"
    there, back = tmp_path / f"there{FORMATS[name].suffix}", tmp_path / "back.txt"
    assert mmavk("data", "convert", source, there)[0] == 0
    assert mmavk("data", "convert", there, back)[0] == 0
    first, last = (
        [(post.text, post.words, post.tags, post.image_id) for post in read_conll(path)] for path in (source, back)
    )
    assert len(first) == 723
    assert first == last


def test_tags_that_are_no_names_are_counted(mmavk: Mmavk, shared_data: Path, tmp_path: Path):
    source = shared_data / "twitter2015" / "valid.txt"
    code, out, _ = mmavk("data", "convert", source, tmp_path / "v.doccano.jsonl", "--json")
    done = json.loads(out)
    assert (code, done["splits"]["all"]) == (0, {"posts": 1000, "names": 1541, "bad_rows": 0})
    assert set(done["lost"]) == {"loose_tags"}
    assert mmavk("data", "convert", source, tmp_path / "v.jsonl", "--json")[1].count('"lost": {}') == 1


def test_datasets_reads_the_folder(mmavk: Mmavk, tweets: Path, monkeypatch: pytest.MonkeyPatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert mmavk("data", "convert", "tweets", "hub", "--to", "hf")[0] == 0
    found = datasets.load_dataset(str(tweets / "hub"), cache_dir=str(tweets / "cache"))
    assert {split: len(rows) for split, rows in found.items()} == {"train": 2, "validation": 2, "test": 2}
    row = found["test"][0]
    assert row["tokens"] == ["Ann", "Lee", "in", "Rome"]
    assert row["ner_tags"] == ["B-PER", "I-PER", "O", "B-LOC"]


def test_tags_that_are_numbers_have_their_names_from_the_folder(mmavk: Mmavk, tweets: Path):
    datasets = pytest.importorskip("datasets")
    tag = datasets.ClassLabel(names=["O", "B-LOC"])
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(tag)})
    rows = {"tokens": [["in", "Rome"]], "ner_tags": [[0, 1]]}
    split = datasets.Dataset.from_dict(rows, features=features)
    datasets.DatasetDict({"train": split, "validation": split}).save_to_disk(str(tweets / "saved"))
    code, out, err = mmavk("data", "convert", "saved", "back", "--to", "conll")
    assert code == 0, err
    assert "train: posts 1, names 1" in out
    assert (tweets / "back" / "valid.txt").read_text().endswith("in\tO\nRome\tB-LOC\n\n")


BAD = {
    "doccano": ['{"text": "Rome", "label": [[0, 9, "LOC"]]}', '{"text": "Rome", "label": [["a"]]}', '{"label": []}'],
    "prodigy": [
        '{"text": "Rome", "answer": "reject", "spans": []}',
        '{"text": "Rome", "spans": [1]}',
        '{"text": "Rome", "tokens": [{}]}',
    ],
    "jsonl": ["nothing", "[]", '{"text": ""}'],
    "conll": ["IMGID:1\nRome\tX-LOC\n", "IMGID:2\nRome\n", "IMGID:3\n"],
}
GOOD = {"conll": "IMGID:9\nRome\tB-LOC\n"}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_told_with_their_line_and_the_others_go_on(name: str, mmavk: Mmavk, tmp_path: Path):
    path, good = tmp_path / "bad.txt", GOOD.get(name, '{"text": "Rome"}')
    path.write_text("\n".join([BAD[name][0], good, *BAD[name][1:], good]))
    code, out, err = mmavk("data", "convert", path, tmp_path / "out.jsonl", "--from", name)
    assert code == 3
    assert "posts 2, names" in out
    assert "bad rows 3" in out
    assert err.count("left out: ") == err.count(f"{path}:") == 3


def test_names_inside_words_are_counted(mmavk: Mmavk, tmp_path: Path):
    path = tmp_path / "d.jsonl"
    path.write_text('{"text": "Londoners in Rome", "label": [[0, 6, "LOC"], [13, 17, "LOC"]]}\n')
    _, out, _ = mmavk("data", "convert", path, tmp_path / "d.conll")
    assert "d.jsonl:1: a name that begins or ends inside a word takes in the whole word: 'London' of 'Londoners'" in out


def test_what_conll_cannot_hold_is_told(mmavk: Mmavk, tmp_path: Path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"text": "Rome,  now", "image": "a.jpg"}\n{"words": ["IMGID:3"]}\n{"words": ["a\\nb"]}\n')
    code, out, err = mmavk("data", "convert", path, tmp_path / "p.conll", "--json")
    done = json.loads(out)
    assert code == 3
    assert done["splits"]["all"] == {"posts": 1, "names": 0, "bad_rows": 2}
    assert set(done["lost"]) == {"text", "no_tags", "image_id", "image"}
    assert f"{path}:2: conll cannot hold this post" in err
    assert f"{path}:3: conll cannot hold this post: a line end" in err


def test_pictures_are_found_from_the_new_place(mmavk: Mmavk, tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "p.jsonl").write_text('{"text": "Rome", "image": "a.jpg"}\n')
    mmavk("data", "convert", tmp_path / "in" / "p.jsonl", tmp_path / "out" / "p.prodigy.jsonl")
    row = json.loads((tmp_path / "out" / "p.prodigy.jsonl").read_text())
    assert (tmp_path / "out" / row["image"]).resolve() == (tmp_path / "in" / "a.jpg").resolve()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tweets out", ["cannot tell the format", "--to"]),
        ("tweets out.jsonl", ["3 splits", "--split"]),
        ("tweets data --to jsonl", ["already exists"]),
        ("tweets - --to spacy", ["spacy cannot go through a pipe"]),
        ("- out.jsonl", ["--from"]),
        ("twets out --to jsonl", ["no data set 'twets'", "'tweets'"]),
        ("data out --to jsonl", ["no split and no text"]),
        ("tweets out --to jsnl", ["jsnl"]),
    ],
)
def test_what_cannot_be_asked(line: str, words: list[str], mmavk: Mmavk, tweets: Path):
    code, out, err = mmavk("data", "convert", *line.split())
    assert code in {2, 3}
    assert out == ""
    assert [word for word in words if word not in err] == []
    assert sorted(path.name for path in tweets.iterdir()) == ["data"]


def test_pipes(tweets: Path):
    steps = ("tweets - --split test --to jsonl", "- - --from jsonl --to doccano", "- - --from doccano --to conll")
    program = f'"{sys.executable}" -m mmavk_cli data'
    done = subprocess.run(
        ["bash", "-c", " | ".join(f"{program} convert {step}" for step in steps)],
        check=True, capture_output=True, text=True, cwd=tweets,
    )  # fmt: skip
    assert done.stdout == CONLL
    assert done.stderr.count("everything is kept") == 3


@pytest.mark.usefixtures("tweets")
def test_quiet_leaves_data_alone(mmavk: Mmavk):
    code, out, err = mmavk("data", "convert", "tweets", "-", "--split", "test", "--to", "conll", "--quiet")
    assert (code, out, err) == (0, CONLL, "")


@pytest.mark.slow
def test_memory_is_flat(tweets: Path):
    program = (
        "import resource, sys\n"
        "from mmavk_cli.cli.main import main\n"
        "try:\n    main()\n"
        "finally:\n    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for times in (100, 20_000):
        source = tweets / f"{times}.conll"
        source.write_text(CONLL * times)
        line = [sys.executable, "-c", program, "data", "convert", str(source), str(tweets / f"{times}.doccano.jsonl")]
        done = subprocess.run(line, check=True, capture_output=True, text=True)
        peaks.append(int(done.stderr.split()[-1]))
    assert peaks[1] < peaks[0] * 1.1


@pytest.mark.parametrize("name", ["dev.txt", "validation.txt", "VAL.txt", "dev.bio"])
def test_splits_under_other_names_are_read(name: str, mmavk: Mmavk, tmp_path: Path):
    folder = tmp_path / "set"
    folder.mkdir()
    for one in ("train.txt", name, "test.txt", "more.conll"):
        (folder / one).write_text(CONLL)
    code, out, _ = mmavk("data", "convert", folder, tmp_path / "out", "--to", "jsonl")
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["test.jsonl", "train.jsonl", "valid.jsonl"]
    assert "belongs to no split: more.conll" in out
    assert "everything is kept" not in out


def test_a_folder_of_conll_files_is_no_folder_of_texts(mmavk: Mmavk, tmp_path: Path):
    folder = tmp_path / "named"
    folder.mkdir()
    (folder / "train_set.txt").write_text(CONLL)
    (folder / "post.txt").write_text("Ann in Rome")
    code, out, err = mmavk("data", "convert", folder, tmp_path / "out", "--to", "jsonl")
    assert (code, out) == (3, "")
    assert "no split in this folder; there is train_set.txt" in err
    (folder / "train_set.txt").unlink()
    (folder / "meta.csv").touch()
    code, out, _ = mmavk("data", "convert", folder, tmp_path / "out.jsonl")
    assert (code, "belongs to no split: meta.csv" in out) == (0, True)


def test_rows_left_out_and_no_names_are_said(mmavk: Mmavk, tmp_path: Path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"text": "Ann"}\nnothing\n')
    out = mmavk("data", "convert", path, tmp_path / "a.jsonl")[1]
    assert out.endswith("  what was read is kept; 1 row left out; no post has tags or names\n")
    path.write_text('{"text": "Ann", "entities": []}\n')
    assert mmavk("data", "convert", path, tmp_path / "b.jsonl")[1].endswith(
        "  everything is kept; no post has a name\n"
    )
