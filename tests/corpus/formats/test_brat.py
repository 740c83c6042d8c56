"""brat's folders: every name is in the post, or told."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmavk_cli.base.records import BadRow, Counted, Post
from mmavk_cli.corpus.formats.brat import BratFolder, stem_of
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.spans import characters, strict_spans

TEXT = "Ann Lee visits\nNew York and Rome"


def folder(place: Path, annotations: str, text: str = TEXT) -> Path:
    place.mkdir(exist_ok=True)
    (place / "a.txt").write_text(text + "\n")
    (place / "a.ann").write_text(annotations)
    return place


def names(row: Post | BadRow) -> list[tuple[str, str]]:
    assert isinstance(row, Post), row
    return [(row.text[slice(*characters(one, row.words))], one.type) for one in strict_spans(row.tags or ())]


def test_names_are_read_and_the_rest_is_told(tmp_path: Path):
    annotations = (
        "T1\tPER 0 7\tAnn Lee\nT2\tLOC 15 23\tNew York\nT3\tLOC 15 18;28 32\tNew Rome\n"
        "R1\tLives Arg1:T1 Arg2:T2\nA1\tSure T1\n#1\tAnnotatorNotes T1\tx\n"
    )
    counted = Counted()
    (row,) = BratFolder().read(folder(tmp_path / "b", annotations), counted)
    assert (row.id, names(row)) == ("a", [("Ann Lee", "PER"), ("New York", "LOC")])
    said = {note.detail.split(",")[0] for note in counted.notes.values()}
    assert said == {"a name in 2 pieces", "relations are not read", "attributes are not read", "notes are not read"}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("T1\tPER 0 7\tBob Lee", "not 'Bob Lee'"),
        ("T1\tPER 0 99\t", "99"),
        ("T1\tPER\tAnn", "no name"),
        ("T1\tPER 0\tAnn", "no start and end"),
    ],
)
def test_a_line_that_is_no_name_is_told(line: str, what: str, tmp_path: Path):
    (row,) = BratFolder().read(folder(tmp_path / "b", f"{line}\n"), Counted())
    assert isinstance(row, BadRow)
    assert what in row.problem.what


def test_a_text_without_annotations_and_annotations_without_a_text(tmp_path: Path):
    place = folder(tmp_path / "b", "")
    (place / "b.txt").write_text("Bob")
    (place / "c.ann").write_text("T1\tPER 0 3\tBob\n")
    first, second, third = BratFolder().read(place, Counted())
    assert first.tags == ("O",) * 7  # type: ignore[union-attr]
    assert second.tags is None  # type: ignore[union-attr]
    assert isinstance(third, BadRow)


texts = st.text(alphabet="ab é👩.\n", min_size=1, max_size=20).filter(cut)


@settings(max_examples=30, deadline=None)
@given(several=st.lists(texts, min_size=1, max_size=4), data=st.data())
def test_what_is_written_reads_back(tmp_path_factory: Any, several: list[str], data: st.DataObject):
    place = tmp_path_factory.mktemp("brat") / "out"
    posts = []
    for number, text in enumerate(several):
        words = cut(text)
        at = data.draw(st.integers(0, len(words) - 1))
        tags = tuple("B-PER" if index == at else "O" for index in range(len(words)))
        posts.append(Post(f"p{number}", text, words, tags))
    form = BratFolder()
    with form.writer(place) as put:
        for post in posts:
            put(form.record(post, place))
    found = list(form.read(place, Counted()))
    assert [(row.id, row.text, row.tags) for row in found if isinstance(row, Post)] == [
        (post.id, post.text, post.tags) for post in posts
    ]
    assert "PER" in (place / "annotation.conf").read_text()


def test_ids_become_names_of_files_and_changes_are_told(mmavk: Any, tmp_path: Path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "a/b", "text": "Ann"}\n{"id": "x", "text": "Bob"}\n{"id": "X", "text": "Cid"}\n')
    code, out, _ = mmavk("data", "convert", source, tmp_path / "out", "--to", "brat")
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.txt")) == ["X-2.txt", "a_b.txt", "x.txt"]
    assert "2 posts whose id" in out
    assert [stem_of(one) for one in ("../x", "", "é")] == ["_x", "_", "_"]


def test_a_folder_of_splits_goes_there_and_back(mmavk: Any, tmp_path: Path):
    for split in ("train", "test"):
        (tmp_path / "in").mkdir(exist_ok=True)
        folder(tmp_path / "in" / split, "T1\tPER 0 7\tAnn Lee\n")
    code, out, _ = mmavk("data", "convert", tmp_path / "in", tmp_path / "out", "--to", "jsonl")
    assert code == 0
    assert "train: posts 1, names 1" in out
    code, out, _ = mmavk("tag", tmp_path / "in" / "train", "--format", "jsonl")
    assert (code, len(out.splitlines())) == (0, 1)
