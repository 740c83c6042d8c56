"""A picture that is named by a URL keeps it as it stands, and is not fetched."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import is_url
from mmavk_cli.base.records import Post
from mmavk_cli.corpus.formats.json_fields import to_own
from mmavk_cli.corpus.jsonl import post_of, read_jsonl
from mmavk_cli.corpus.pictures import picture_of

Mmavk = Callable[..., tuple[int, str, str]]

URLS = (
    "https://example.com//a.jpg?x=1#y", "HTTP://example.com/A B.jpg", "s3://bucket/a.jpg", "gs://b/../a.jpg",
    "data:image/png;base64,iVBORw0KGgo=", "file:///tmp/a.jpg",
)  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_read_and_written_as_it_stands(url: str):
    row = {"text": "Rome", "image": url}
    post = post_of(row, "1", Path("some/where"), "")
    assert (post.image, post.image_url) == (None, url)
    assert to_own(post, Path("else/where"))["image"] == url
    with pytest.raises(DataError):
        picture_of(post)


@pytest.mark.parametrize("path", ["a.jpg", "a:b.jpg", "C:\\a.jpg", "/abs/a.jpg", "www.x.org/a.jpg", "//host/a.jpg"])
def test_a_path_is_no_url(path: str):
    post = post_of({"text": "Rome", "image": path}, "1", Path("in"), "")
    assert picture_of(post) == Path("in") / path
    assert post.image_url is None


@pytest.mark.parametrize("image", ["", " ", None])
def test_an_empty_image_is_no_picture(image: str | None):
    post = post_of({"text": "Rome", "image": image}, "1", Path("in"), "")
    assert picture_of(post) is None


@given(st.sampled_from(("https", "s3", "ftp", "X-y.z+1")), st.text())
def test_no_url_is_bent(scheme: str, rest: str):
    url = f"{scheme}://{rest}"
    line = json.dumps({"text": "Rome", "image": url}).encode()
    (row,) = read_jsonl(io.BytesIO(line), "x")
    if isinstance(row, Post):
        assert to_own(row, Path("out"))["image"] == url
    else:
        assert "\0" in rest or not rest.isprintable()


def test_a_long_url_is_shortened_in_the_message():
    post = Post("1", "Rome", (), image_url="data:image/png;base64," + "A" * 10_000)
    with pytest.raises(DataError) as told:
        picture_of(post)
    assert len(told.value.where) < 200


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "posts.jsonl"
    path.parent.mkdir()
    lines = [
        {"text": "Ann Lee visits Rome", "image": "https://pbs.twimg.com//media/x.jpg"},
        {"text": "Bob in Oslo", "image": ""},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_tag_tells_a_url_and_tags_the_post(rows: Path, mmavk: Mmavk):
    code, out, err = mmavk("tag", rows, "--format", "jsonl")
    first, second = map(json.loads, out.splitlines())
    assert code == 3
    assert first["image"] == "https://pbs.twimg.com//media/x.jpg"
    assert (first["notes"], second["notes"]) == (["tagged without its picture"], ["no picture"])
    assert first["entities"]
    assert f"{rows}:1: https://pbs.twimg.com//media/x.jpg: the picture is a URL, and pictures are not fetched" in err
    assert mmavk("tag", rows, "--format", "jsonl", "--no-image")[0] == 0


def test_convert_keeps_a_url(rows: Path, mmavk: Mmavk, tmp_path: Path):
    for form in ("jsonl", "doccano.jsonl", "prodigy.jsonl"):
        code, out, _ = mmavk("data", "convert", rows, tmp_path / "out" / f"p.{form}")
        assert (code, "everything is kept" in out) == (0, True)
        written = (tmp_path / "out" / f"p.{form}").read_text().splitlines()
        assert [json.loads(line).get("image") for line in written] == ["https://pbs.twimg.com//media/x.jpg", None]


def test_generate_tells_a_url(rows: Path, mmavk: Mmavk, tmp_path: Path):
    code, _, err = mmavk("generate", "--input", rows, "--generator", "echo", "--store", tmp_path / "store")
    assert code == 3
    assert "https://pbs.twimg.com//media/x.jpg" in err
    assert "not fetched" in err


@pytest.mark.parametrize(
    "line",
    [
        ("--text", "Rome", "--image", "https://pbs.twimg.com/media/x.jpg"),
        ("https://example.com/posts.jsonl",),
    ],
)
def test_a_url_on_the_command_line_is_refused(line: tuple[str, ...], mmavk: Mmavk):
    code, out, err = mmavk("tag", *line)
    assert (code, out) == (2, "")
    assert "URL" in err
    assert "ownload it" in err


def test_urls_are_told_from_paths():
    assert [is_url(one) for one in ("https://x", "DATA:x", "x", "a/b", "")] == [True, True, False, False, False]
