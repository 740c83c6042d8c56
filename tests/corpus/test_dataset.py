"""Splits and their pictures."""

from pathlib import Path

import pytest

from mmavk_cli.base.errors import DataError
from mmavk_cli.corpus.dataset import load_split, with_images

POST = "IMGID:{id}\nAnn\tB-PER\n\n"


def test_splits_in_both_formats(make_set):
    folder = make_set(train=POST.format(id=1) + POST.format(id=2))
    (folder / "test.jsonl").write_text('{"id": 3, "words": ["Ann"], "tags": ["B-PER"], "image_id": "p3"}\n')
    assert [(post.id, post.image_id, post.tags) for post in load_split(folder, "train")] == [
        ("1", "1", ("B-PER",)), ("2", "2", ("B-PER",)),
    ]  # fmt: skip
    assert [(post.id, post.image_id, post.tags) for post in load_split(folder, "test")] == [("3", "p3", ("B-PER",))]


def test_a_missing_split_is_told(make_set):
    with pytest.raises(DataError, match="no valid split"):
        load_split(make_set(train=POST), "valid")


def test_a_bad_row_stops_a_split(make_set):
    folder = make_set()
    (folder / "test.jsonl").write_text('{"text": "a"}\nnot json\n')
    posts = load_split(folder, "test")
    assert next(posts).text == "a"
    with pytest.raises(DataError, match=r"test\.jsonl:2: not JSON"):
        next(posts)


def test_pictures_are_joined_by_id(make_set, tmp_path: Path):
    folder = make_set(train="".join(POST.format(id=number) for number in (1, 2, 3)) + "Bob\tB-PER\n")
    images = tmp_path / "tiny_images"
    images.mkdir()
    for name in ("1.jpg", "2.PNG", "2.gif", "3.txt"):
        (images / name).touch()
    found = [post.image and post.image.name for post in with_images(load_split(folder, "train"), images)]
    assert found == ["1.jpg", "2.PNG", None, None]


def test_a_named_picture_stays(make_set, tmp_path: Path):
    folder = make_set()
    (folder / "test.jsonl").write_text('{"text": "a", "image_id": "1", "image": "own.jpg"}\n')
    (tmp_path / "1.jpg").touch()
    (post,) = with_images(load_split(folder, "test"), tmp_path)
    assert post.image == folder / "own.jpg"


def test_a_missing_folder_of_pictures_is_told_at_once(tmp_path: Path):
    with pytest.raises(DataError, match="cannot read the folder"):
        with_images([], tmp_path / "none")
