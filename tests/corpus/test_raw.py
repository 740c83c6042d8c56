"""Raw text files, folders of them, and which reader a path gets."""

import os
import threading
from pathlib import Path

import pytest

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import BadRow, Post
from mmavk_cli.corpus.formats.posts import read_posts
from mmavk_cli.corpus.raw import post_from_text, read_folder, read_text


def write(path: Path, raw: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"one\n two\n", "one\n two"),
        (b"one\r\n", "one"),
        (b"one\n\n", "one\n"),
        (b"\xef\xbb\xbfone", "one"),
        (b"a\0b", "a\0b"),
        (b"", ""),
    ],
)
def test_text_of_a_file(tmp_path: Path, raw: bytes, text: str):
    assert read_text(write(tmp_path / "a.txt", raw)) == text


def test_bytes_that_are_not_utf8_are_told_with_their_offset(tmp_path: Path):
    path = write(tmp_path / "a.txt", b"caf\xe9")
    with pytest.raises(DataError) as caught:
        read_text(path)
    assert (caught.value.where, caught.value.what) == (str(path), "not UTF-8 at byte 3")


def test_a_long_post_loses_nothing():
    text = "Ann went to Rome. " * 6000
    post = post_from_text(text, "long")
    assert len(text) > 100_000
    assert len(post.words) == 5 * 6000
    assert post.text == text


@pytest.mark.parametrize("text", ["", " \n\t\u00a0"])
def test_an_empty_post_is_a_data_error(text: str):
    with pytest.raises(DataError, match="--text: the post is empty"):
        post_from_text(text, "text", where="--text")


def test_folder_joins_pictures_by_stem(tmp_path: Path):
    for name in ("b.txt", "a.txt", "c.TXT", "a.JPG", "b.png", "b.jpeg", "c.md", "d.jpg"):
        write(tmp_path / name, b"text\n")
    rows = list(read_folder(tmp_path))
    assert [(row.id, row.image and row.image.name) for row in rows if isinstance(row, Post)] == [
        ("a", "a.JPG"), ("b", "b.jpeg"), ("c", None),
    ]  # fmt: skip


def test_a_bad_file_in_a_folder_is_an_error_record(tmp_path: Path):
    write(tmp_path / "a.txt", b"\xff")
    write(tmp_path / "b.txt", b"fine")
    write(tmp_path / "c.txt", b" \n")
    (tmp_path / "d.txt").mkdir()
    rows = list(read_folder(tmp_path))
    assert [type(row) for row in rows] == [BadRow, Post, BadRow, BadRow]
    assert [row.id for row in rows] == ["a", "b", "c", "d"]


def test_a_folder_without_posts_is_a_data_error(tmp_path: Path):
    write(tmp_path / "a.jpg", b"")
    with pytest.raises(DataError, match=r"no \.txt file"):
        list(read_posts(tmp_path))


CONLL = b"\n \nIMGID:7\nAnn\tB-PER\n\nIMGID:8\nbad\n"


@pytest.mark.parametrize(
    ("name", "raw", "ids"),
    [
        ("a.txt", b"IMGID 7 is not a line of CoNLL", ["a"]),
        ("a", b"plain", ["a"]),
        ("a.txt", CONLL, ["7", "8"]),
        ("a.txt", b"\xef\xbb\xbf" + CONLL.lstrip(), ["7", "8"]),
        ("a.conll", b"Ann\tB-PER\n", ["a-1"]),
        ("a.jsonl", b'{"text": "x"}\n{"id": 5, "text": "y"}\n', ["a-1", "5"]),
        ("a.NDJSON", b'{"text": "x"}\n', ["a-1"]),
        ("folder/x.txt", b"plain", ["x"]),
    ],
)
def test_reader_by_path(tmp_path: Path, name: str, raw: bytes, ids: list[str]):
    path = write(tmp_path / name, raw)
    assert [row.id for row in read_posts(path if path.parent == tmp_path else path.parent)] == ids


@pytest.mark.parametrize(
    ("name", "raw", "what"),
    [
        ("a.txt", b"", "the post is empty"),
        ("a.txt", b"\x89PNG\r\n", "not UTF-8 at byte 0"),
    ],
)
def test_a_single_file_that_is_no_post_is_a_data_error(tmp_path: Path, name: str, raw: bytes, what: str):
    path = write(tmp_path / name, raw)
    with pytest.raises(DataError) as caught:
        list(read_posts(path))
    assert (caught.value.where, caught.value.what) == (str(path), what)


@pytest.mark.parametrize("name", ["none.txt", "none.jsonl", "none.conll", "none"])
def test_a_missing_path_is_a_data_error(tmp_path: Path, name: str):
    with pytest.raises(DataError, match="No such file"):
        list(read_posts(tmp_path / name))


def test_a_pipe_is_read_once(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"Ann from a pipe",))
    writer.start()
    (post,) = read_posts(pipe)
    writer.join()
    assert isinstance(post, Post)
    assert post.text == "Ann from a pipe"
