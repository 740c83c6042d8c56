"""Which files of a folder are pictures, which post they belong to, and what is said of the others."""

from pathlib import Path

import pytest
from PIL import Image

from mmavk_cli.corpus.pictures import left_aside, list_pictures, picture_names
from mmavk_cli.corpus.raw import read_folder

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jfif", "b.jpg_large", "c", "d.1", "e.jpg", "e.orig", "g.JPG", "lone.png_x"):
        Image.new("RGB", (4, 4), "red").save(tmp_path / name, "JPEG")
    (tmp_path / "f.heic").write_bytes(HEIC)
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x20ftypisom\0\0\2\0")
    (tmp_path / "b.html").write_text("<html>")
    (tmp_path / ".hidden").write_bytes(b"\xff\xd8\xff")
    for name in "abcefg":
        (tmp_path / f"{name}.txt").write_text("Ann in Rome")
    (tmp_path / "d.1.txt").write_text("Bob in Oslo")
    return tmp_path


def test_a_picture_is_found_by_its_content_where_its_ending_is_not_usual(folder: Path):
    pictures = list_pictures(folder)
    assert {stem: pictures[stem] for stem in ("a", "b", "c", "d.1", "e", "f", "g", "lone")} == {
        "a": "a.jfif", "b": "b.jpg_large", "c": "c", "d.1": "d.1", "e": "e.jpg", "f": "f.heic", "g": "g.JPG",
        "lone": "lone.png_x",
    }  # fmt: skip
    assert "a.mp4" not in picture_names(folder)


def test_files_that_no_text_takes_are_told(folder: Path, caplog: pytest.LogCaptureFixture):
    images = {post.id: post.image and post.image.name for post in read_folder(folder)}
    assert images["d.1"] == "d.1"
    assert [record.getMessage() for record in caplog.records] == [
        f"{folder}: no text takes these pictures: e.orig, lone.png_x",
        f"{folder}: named like a post, but no picture: a.mp4, b.html",
    ]


def test_nothing_is_told_of_a_folder_where_all_belongs_together(tmp_path: Path):
    (tmp_path / "a.txt").write_text("Ann")
    Image.new("RGB", (4, 4)).save(tmp_path / "a.jpg")
    assert left_aside(tmp_path, {"a"}, {"a.jpg"}) == []


def test_many_files_are_told_in_one_line(tmp_path: Path):
    for number in range(9):
        (tmp_path / f"{number}.jpg").touch()
    assert left_aside(tmp_path, set(), set()) == [
        f"{tmp_path}: no text takes these pictures: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg and 4 more"
    ]
