"""Columns of CoNLL files: which hold the word and the tag, and what is refused."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import BadRow, Counted, Post, Row
from mmavk_cli.corpus.columns import Columns, cells, kind_of
from mmavk_cli.corpus.conll import conll_rows


def rows(content: str, tmp_path: Path, columns: str | None = None) -> tuple[list[Row], dict[str, str]]:
    path = tmp_path / "f.conll"
    path.write_text(content, "utf-8")
    counted = Counted()
    found = list(conll_rows(path, columns=Columns.parse(columns) if columns else None, counted=counted))
    notes = {
        note.kind: f"{note.where.rpartition(':')[2]} {note.count} {note.detail}" for note in counted.notes.values()
    }
    return found, notes


def pairs(found: list[Row]) -> list[list[tuple[str, str]]]:
    posts = [row for row in found if isinstance(row, Post)]
    return [[(word.text, tag) for word, tag in zip(post.words, post.tags or (), strict=True)] for post in posts]


ANN = [[("Ann", "B-PER"), ("Lee", "I-PER"), ("sang", "O")]]


@pytest.mark.parametrize(
    "content",
    [
        "Ann NNP B-NP B-PER\nLee NNP I-NP I-PER\nsang VBD B-VP O\n",
        "Ann\tNNP\tB-PER\nLee\tNNP\tI-PER\nsang\tVBD\tO\n",
        "1\tAnn\tB-PER\n2\tLee\tI-PER\n3\tsang\tO\n",
        "0 Ann x B-PER\n1 Lee x I-PER\n2 sang x O\n",
        "41 Ann x B-PER\n42 Lee x I-PER\n43 sang x O\n",
        "Ann      NNP   B-PER\nLee      NNP   I-PER  \nsang     VBD   O\t\n",
        "# id = 5\n# text = Ann Lee sang\n1\tAnn\tx\ty\tB-PER\n2\tLee\tx\ty\tI-PER\n3\tsang\tx\ty\tO\n",
        "#\tthe source\nAnn\tNNP\tB-PER\nLee\tNNP\tI-PER\nsang\tVBD\tO\n",
    ],
)
def test_first_and_last_of_several_columns(content: str, tmp_path: Path):
    found, notes = rows(content, tmp_path)
    assert pairs(found) == ANN
    assert "are ignored" in notes["columns"]
    assert ("comment" in notes) == content.startswith("#")


def test_columns_by_name(tmp_path: Path):
    content = "Ann B-PER NNP\nLee I-PER NNP\nsang O VBD\n"
    found, notes = rows(content, tmp_path, "word,tag,pos")
    assert pairs(found) == ANN
    assert notes["columns"] == "1 1 pos left aside"
    with pytest.raises(DataError, match=r"f\.conll:1: the last of the 3 columns holds no tags.*--columns word,tag,_"):
        rows(content, tmp_path)


@pytest.mark.parametrize(
    ("content", "what", "advice"),
    [
        ("1\tAnn\tO\t-\n2\tLee\tO\t-\n", "the last of the 4 columns holds no tags", "--columns _,word,tag,_"),
        ("Ann N x\nLee N y\n", "the last of the 3 columns holds no tags", "--columns word,_,tag"),
        ("a/1 Ann O\n" * 20, "the first of the 3 columns holds no words: 'a/1'", "--columns _,word,tag"),
        ("7 Ann O\n3 Lee O\n", "the first of the 3 columns holds no words: '7'", "--columns _,word,tag"),
    ],
)
def test_what_cannot_be_told_is_asked_for(content: str, what: str, advice: str, tmp_path: Path):
    with pytest.raises(DataError) as told:
        rows(content, tmp_path)
    assert told.value.what == what
    assert told.value.where.endswith("f.conll:1")
    assert told.value.do.endswith(advice)


def test_a_line_with_other_columns_is_a_fault(tmp_path: Path):
    content = "\n".join([*(f"w{number} x O\n" for number in range(20)), "a O\n", "b x y O\n", "c\n"])
    found, _ = rows(content, tmp_path)
    bad = [row.problem for row in found if isinstance(row, BadRow)]
    assert len(found) == 23
    assert [one.what.partition(":")[0] for one in bad] == [
        "2 columns, where the file has 3", "4 columns, where the file has 3", "not a word and its tag",
    ]  # fmt: skip
    assert all(one.where.endswith(place) for one, place in zip(bad, (":41", ":43", ":45"), strict=True))


def test_a_word_that_holds_blanks_needs_a_tab(tmp_path: Path):
    content = "".join(f"w{number} O\n\n" for number in range(20))
    found, notes = rows(f"{content}New York\tB-LOC\n\nNew York B-LOC\n", tmp_path)
    assert pairs(found)[-1] == [("New York", "B-LOC")]
    assert isinstance(found[-1], BadRow)
    assert "3 columns, where the file has 2" in found[-1].problem.what
    assert notes == {}


def test_a_file_of_two_layouts_has_both_said(tmp_path: Path):
    found, notes = rows("-DOCSTART- -X- O\n\nAnn x B-PER\n\n-DOCSTART-\tO\n\nRome\tB-LOC\n", tmp_path)
    assert pairs(found) == [[("Ann", "B-PER")], [("Rome", "B-LOC")]]
    assert notes["document"] == "1 2 "
    assert notes["columns"].startswith("3 1 of 3 ")


def test_a_document_begins_a_post_without_a_blank_line(tmp_path: Path):
    found, _ = rows("Ann B-PER\n-DOCSTART- O\nRome B-LOC\n", tmp_path)
    assert pairs(found) == [[("Ann", "B-PER")], [("Rome", "B-LOC")]]


def test_lines_without_a_word(tmp_path: Path):
    found, notes = rows("a\tO\n\tB-LOC\nYork\tI-LOC\n \tO\nb\tO\n\n\tO\n", tmp_path)
    assert pairs(found) == [[("a", "O"), ("York", "B-LOC"), ("b", "O")]]
    assert isinstance(found[1], BadRow)
    assert found[1].problem.what == "the post f-7 has no words"
    assert notes["no-word"] == "2 3 its tag is B-LOC"


@pytest.mark.parametrize("names", ["word", "word,pos", "word,tag,tag", "", "Word,tag"])
def test_columns_need_a_word_and_a_tag(names: str, mmavk, tmp_path: Path):
    path = tmp_path / "f.conll"
    path.write_text("a O\n")
    code, out, err = mmavk("data", "convert", path, "-", "--to", "jsonl", "--columns", names)
    assert (code, out) == (2, "")
    assert "--columns: name every column" in err


def test_columns_on_the_command_line(mmavk, tmp_path: Path):
    path = tmp_path / "f.conll"
    path.write_text("B-PER Ann\nO sang\n")
    code, out, err = mmavk("data", "convert", path, "-", "--to", "conll", "--columns", "tag,word")
    assert (code, out) == (0, "IMGID:f-1\nAnn\tB-PER\nsang\tO\n\n")
    assert "what was read is kept" not in err


def test_other_commands_tell_it_too(mmavk, tmp_path: Path):
    path = tmp_path / "f.conll"
    path.write_text("Paris NNP I-LOC\nis VBZ O\nLondon NNP I-LOC\n")
    code, _, err = mmavk("tag", path, "--format", "jsonl")
    assert code == 0
    assert "note: " in err
    assert "of 3 the first is read as the word" in err
    assert "IOB1 (2 of 2 names begin with I-)" in err
    assert mmavk("tag", path, "--format", "jsonl", "--quiet")[2] == ""


WORDS = ("Ann", "é", "\u00a0", "#", "12", "#x", "IMG", ":)", "-", "O")


@dataclass(frozen=True)
class Made:
    """A CoNLL file, its posts, and how often the reader has to tell what."""

    text: str
    posts: list[list[tuple[str, str]]]
    told: dict[str, int]


@st.composite
def files(draw: st.DrawFn) -> Made:
    """A file in one of many layouts, of posts that are known."""
    posts = draw(
        st.lists(st.lists(st.tuples(st.sampled_from(WORDS), st.booleans()), min_size=1, max_size=4), min_size=1)
    )
    tagged = [[(word, "B-LOC" if name else "O") for word, name in post] for post in posts]
    number, between, gap = draw(st.booleans()), draw(st.integers(0, 2)), draw(st.sampled_from((" ", "   ", "\t")))
    ending, imgid = draw(st.sampled_from(("\n", "\r\n"))), draw(st.booleans())
    lines, told = [], {"document": 0, "comment": 0, "no-word": 0}
    for at, post in enumerate(tagged):
        if draw(st.booleans()):
            lines += [draw(st.sampled_from(("-DOCSTART-", "-DOCSTART- -X- O", "-DOCSTART-\tO"))), ""]
            told["document"] += 1
        if draw(st.booleans()):
            lines += ["# text = a b"]
            told["comment"] += 1
        lines += [f"IMGID:{at}"] if imgid else []
        for place, (word, tag) in enumerate(post, 1):
            lines.append(gap.join([*[str(place)] * number, word, *["x"] * between, tag]))
        if gap == "\t" and not number and draw(st.booleans()):
            lines.append(gap.join(["", *["x"] * between, "O"]))
            told["no-word"] += 1
        lines.append("")
    return Made(ending.join(lines) + draw(st.sampled_from(("", ending))), tagged, told)


@given(made=files())
def test_every_line_is_in_a_post_or_told(made: Made):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f.conll"
        path.write_bytes(made.text.encode())
        counted = Counted()
        try:
            found = list(conll_rows(path, counted=counted))
        except DataError as error:  # too few lines to tell words from numbers
            assert "--columns" in error.do
            event("refused")
            return
    notes = {note.kind: note.count for note in counted.notes.values()}
    assert {kind: notes.get(kind, 0) for kind in made.told} == made.told
    assert pairs(found) == made.posts
    wide = any(kind_of(line) == "word" and len(cells(line)) > 2 for line in made.text.splitlines())
    assert ("columns" in notes) == wide


def lines_of(text: str) -> Iterator[bytes]:
    yield from text.encode().splitlines(keepends=True)


@given(made=files())
def test_a_pipe_is_read_like_a_file(made: Made):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f.conll"
        path.write_bytes(made.text.encode())
        try:
            of_file = pairs(list(conll_rows(path, counted=Counted())))
        except DataError:
            with pytest.raises(DataError):
                list(conll_rows(lines_of(made.text), counted=Counted()))
            return
    assert pairs(list(conll_rows(lines_of(made.text), counted=Counted()))) == of_file
