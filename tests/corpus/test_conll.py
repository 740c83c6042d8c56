"""CoNLL with IMGID lines, as found and as broken."""

from pathlib import Path

import pytest

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import BadRow, Post
from mmavk_cli.corpus.conll import conll_rows, read_conll


@pytest.fixture
def written(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "x.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def brief(path: Path) -> list[tuple[str, list[str], tuple[str, ...] | None, str]]:
    return [
        (post.id, [word.text for word in post.words], post.tags, post.where.rpartition(":")[2])
        for post in read_conll(path)
    ]


TWO = [("7", ["Ann", "!"], ("B-PER", "O"), "1"), ("8", ["Rome"], ("B-LOC",), "5")]


@pytest.mark.parametrize(
    "content",
    [
        "IMGID:7\nAnn\tB-PER\n!\tO\n\nIMGID:8\nRome\tB-LOC\n\n",
        "IMGID:7\nAnn\tB-PER\n!\tO\n\nIMGID:8\nRome\tB-LOC\n",
        "IMGID:7\nAnn\tB-PER\n!\tO\n\nIMGID:8\nRome\tB-LOC",
        "IMGID:7\r\nAnn\tB-PER\r\n!\tO\r\n\r\nIMGID:8\r\nRome\tB-LOC\r\n",
        "IMGID:7\nAnn B-PER\n! O\n \nIMGID:8\nRome B-LOC\n",
        "\ufeffIMGID:7\nAnn\tB-PER\n!\tO\n\t\nIMGID: 8\nRome\t B-LOC \n",
    ],
    ids=["as it should be", "no blank line", "no newline", "CRLF", "spaces", "byte order mark"],
)
def test_spellings_of_the_same_two_posts(written, content: str):
    assert brief(written(content)) == TWO


def test_imgid_lines_part_posts_without_a_blank_line(written):
    assert [row[0] for row in brief(written("IMGID:7\na\tO\nIMGID:8\nb\tO\n"))] == ["7", "8"]


def test_words_without_imgid_are_posts_without_a_picture(written):
    posts = list(read_conll(written("a\tO\n\nb\tO\nc\tO\n\nIMGID:9\nd\tO\n\ne\tO\n")))
    assert [(post.id, post.image_id) for post in posts] == [("x-1", None), ("x-3", None), ("9", "9"), ("x-9", None)]
    assert posts[3].where.endswith(":9")


def test_a_bare_no_break_space_is_a_word(written):
    post = next(read_conll(written("IMGID:7\na\tO\n\u00a0\tB-PER\nb\tI-PER\n")))
    assert [word.text for word in post.words] == ["a", "\u00a0", "b"]
    assert post.tags == ("O", "B-PER", "I-PER")
    assert post.text == "a \u00a0 b"


def test_other_and_misc_are_one_type(written):
    assert next(read_conll(written("IMGID:7\na\tB-OTHER\nb\tI-OTHER\nc\tB-MISC\n"))).tags == (
        "B-MISC", "I-MISC", "B-MISC",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("IMGID:7\na\tB-LOC\nb\tPER\n", 3, "'PER' is not an IOB2 tag"),
        ("IMGID:7\na\tB-\n", 2, "'B-' is not an IOB2 tag"),
        ("IMGID:7\na\tO\nword\n", 3, "not a word and its tag"),
        ("IMGID:7\n\tO\n", 1, "the post 7 has no words"),
        (b"IMGID:7\na\tO\n\xff\tO\n", 3, "not UTF-8"),
        ("IMGID:7\nIMGID:8\na\tO\n", 1, "the post 7 has no words"),
        ("IMGID:7\na\tO\n\nIMGID:8\n", 4, "the post 8 has no words"),
    ],
)
def test_a_bad_line_is_told_with_file_and_line(written, content: str | bytes, line: int, what: str):
    path = written(content)
    with pytest.raises(DataError) as caught:
        list(read_conll(path))
    assert caught.value.where == f"{path}:{line}"
    assert what in caught.value.what
    assert caught.value.do


def test_posts_around_a_bad_one_go_on(written):
    rows = list(conll_rows(written("IMGID:7\na\tO\n\nIMGID:8\nb\tX-Y\nc\n\nIMGID:9\nd\tO\n")))
    assert [type(row) for row in rows] == [Post, BadRow, Post]
    assert [row.id for row in rows] == ["7", "8", "9"]
    assert isinstance(rows[1], BadRow)
    assert rows[1].problem.where.endswith("x.txt:5")


def test_a_missing_file_is_a_data_error(tmp_path: Path):
    with pytest.raises(DataError, match="cannot read"):
        list(read_conll(tmp_path / "none.txt"))


def test_the_last_post_of_every_real_file_is_read(shared_data):
    ends = {
        ("twitter2015", "train"): (4000, 64439), ("twitter2015", "valid"): (1000, 16178),
        ("twitter2015", "test"): (3257, 52822), ("twitter2017", "train"): (3373, 53007),
        ("twitter2017", "valid"): (723, 11309), ("twitter2017", "test"): (723, 11330),
    }  # fmt: skip
    for (name, split), expected in ends.items():
        posts = list(read_conll(shared_data / name / f"{split}.txt"))
        assert (len(posts), sum(len(post.words) for post in posts)) == expected
        assert len({post.id for post in posts}) == len(posts)


@pytest.mark.parametrize("start", ["", "-DOCSTART- O\r\r", "IMGID:7\r"])
def test_line_ends_of_old_macs_lose_no_post_in_silence(written, start: str):
    (row,) = conll_rows(written(f"{start}Ann\tB-PER\rran\tO\r\rBob\tB-PER\r"))
    assert isinstance(row, BadRow)
    assert "carriage return" in row.problem.what


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_named(written, encoding: str):
    with pytest.raises(DataError, match="UTF-16"):
        list(conll_rows(written("\ufeffAnn\tB-PER\nin\tO\n".encode(encoding))))
