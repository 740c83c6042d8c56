"""Bad input is normal input: one clear line, the right exit code, and nothing lost."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageSequence
from ran import EXAMPLES, Mmavk

GOOD = {"text": "Off to Paris"}


def png(width: int, height: int) -> bytes:
    """A PNG whose header promises any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


BROKEN = {
    "missing": (None, "no such picture"),
    "zero-byte": (b"", "empty"),
    "truncated": ((EXAMPLES / "picture.jpg").read_bytes()[:9000], "truncated"),
    "text": (b"this is no picture", "not a picture"),
    "bomb": (png(60000, 60000), "megapixels"),
    "large": (png(9000, 9000), "megapixels"),
    "damaged": (png(40, 40), "damaged"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_picture_leaves_the_post_tagged_from_its_text(kind: str, tag: Mmavk, tmp_path: Path):
    content, what = BROKEN[kind]
    picture = tmp_path / "picture.jpg"
    if content is not None:
        picture.write_bytes(content)
    ran = tag("--text", "Off to Paris", "--image", picture)
    (record,) = ran.records
    assert (ran.code, len(ran.faults)) == (3, 1)
    assert what in ran.err
    assert str(picture) in ran.err
    assert [one["text"] for one in record["entities"]] == ["Paris"]
    assert (record["knowledge"], record["notes"]) == (None, ["tagged without its picture"])
    assert record["problem"]["kind"] == "DataError"
    assert what in record["problem"]["what"]
    assert record["problem"]["do"]


def saved(sign: Image.Image, kind: str, folder: Path) -> Path:
    """The sign in a form that careless readers get wrong."""
    path = folder / {"animated": "sign.gif", "16-bit": "sign.png", "transparent": "sign.png"}.get(kind, "sign.jpg")
    if kind == "cmyk":
        sign.convert("CMYK").save(path)
    elif kind == "animated":
        sign.save(path, save_all=True, append_images=[Image.new("RGB", sign.size)], duration=100)
        with Image.open(path) as image:
            assert len(list(ImageSequence.Iterator(image))) == 2
    elif kind == "16-bit":
        sign.convert("L").convert("I").point(lambda value: value * 257).convert("I;16").save(path)
    elif kind == "transparent":
        sign.convert("RGBA").save(path)
    else:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be shown turned to the right
        sign.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    return path


@pytest.mark.parametrize("kind", ["cmyk", "animated", "16-bit", "transparent", "exif-rotated"])
def test_odd_picture_is_read_as_any_other(kind: str, sign: Image.Image, tag: Mmavk, tmp_path: Path):
    ran = tag("--text", "Off to Paris", "--image", saved(sign, kind, tmp_path))
    assert (ran.code, ran.err) == (0, "")
    assert "ABBEY ROAD" in ran.records[0]["knowledge"]["text"]


def test_one_pixel_says_nothing(tag: Mmavk, tmp_path: Path):
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    ran = tag("--text", "Off to Paris", "--image", tmp_path / "dot.png")
    assert (ran.code, ran.err) == (0, "")
    assert (ran.records[0]["knowledge"], ran.records[0]["notes"]) == (None, ["nothing to read in the picture"])


BAD_TEXTS = {
    "empty": (b"", "empty"),
    "blank": (b" \n\t \r\n", "empty"),
    "not utf-8": (b"Off to \xff\xfe Paris", "not UTF-8 at byte 7"),
    "utf-16": ("Paris".encode("utf-16"), "not UTF-8 at byte 0"),
}


@pytest.mark.parametrize("kind", BAD_TEXTS)
@pytest.mark.parametrize("way", ["file", "stdin"])
def test_post_that_is_no_text(kind: str, way: str, tag: Mmavk, tmp_path: Path):
    content, what = BAD_TEXTS[kind]
    path = tmp_path / "post.txt"
    path.write_bytes(content)
    ran = tag("-" if way == "stdin" else path, stdin=content)
    assert (ran.code, ran.out, len(ran.faults)) == (3, "", 1)
    assert what in ran.err
    assert ("stdin" if way == "stdin" else str(path)) in ran.err


@pytest.mark.parametrize("name", ["nowhere.txt", "Two days in Paris " * 30, "a\0b"])
def test_input_that_is_not_there(name: str, tag: Mmavk):
    ran = tag(name)
    assert (ran.code, ran.out, len(ran.faults)) == (3, "", 1)
    assert "no such file" in ran.err
    assert "--text" in ran.err


def test_text_of_a_command_line_that_is_not_utf_8(tag: Mmavk):
    ran = tag("--text", b"Paris \xff".decode("utf-8", "surrogateescape"))
    assert (ran.code, ran.out, len(ran.faults)) == (3, "", 1)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Off to Paris\0 now\0", "Paris"),
        ("x" * 10_000 + " in Paris", "Paris"),
        ("word " * 20_000 + "in Paris", "Paris"),
        ("\u202eOff\u200b to Paris 🚀\u200d", "Paris"),
    ],
    ids=["nul", "10 kB word", "100 kB post", "invisible"],
)
def test_odd_text_is_tagged(text: str, name: str, tag: Mmavk):
    ran = tag("-", stdin=text.encode())
    (record,) = ran.records
    assert ran.code == 0
    assert record["text"] == text
    (entity,) = [one for one in record["entities"] if one["text"] == name]
    assert text[entity["start"] : entity["end"]] == name


@pytest.mark.parametrize("form", ["jsonl", "json", "html", "table", "conll"])
def test_bad_rows_among_good_ones_lose_nothing(form: str, tag: Mmavk, posts: Callable[..., Path]):
    bad = ["{broken", '{"id": "mine", "text": ""}', '{"text": "\\ud800"}', "[1]"]
    ran = tag(posts(GOOD, *bad, GOOD | {"image": "gone.jpg"}, GOOD), "--format", form)
    assert ran.code == 3
    assert ran.out.count("Paris") >= 3
    assert [line.partition("jsonl:")[2][0] for line in ran.faults[:5]] == ["2", "3", "4", "5", "6"]
    assert ran.faults[5] == "mmavk: posts tagged: 3, bad rows: 4, pictures left out: 1"
    if form == "jsonl":
        kinds = ["error" in record for record in ran.records]
        assert kinds == [False, True, True, True, True, False, False]
        assert ran.records[2]["id"] == "mine"
        assert list(ran.records[1]["error"]) == ["kind", "what", "where", "do"]


def test_many_faults_are_told_briefly_unless_asked(tag: Mmavk, posts: Callable[..., Path]):
    path = posts(*["{broken"] * 50)
    assert len(tag(path).faults) == 22
    assert len(tag(path, "--verbose").faults) == 51
    assert len(tag(path).records) == 50


def test_control_characters_of_a_fault_do_not_reach_the_terminal(tag: Mmavk, posts: Callable[..., Path]):
    ran = tag(posts(GOOD | {"image": "\x1b[31mred.jpg"}))
    assert "\x1b" not in ran.err
    assert "␛[31mred.jpg" in ran.err


def test_file_names_that_are_no_text_are_written_as_escapes(tag: Mmavk, tmp_path: Path):
    name = b"caf\xe9.txt".decode("utf-8", "surrogateescape")
    try:
        (tmp_path / name).write_text("Off to Paris")
    except OSError:
        pytest.skip("the file system takes UTF-8 names only")
    ran = tag(tmp_path)
    assert ran.code == 0
    assert json.loads(ran.out)["id"] == name.removesuffix(".txt")
