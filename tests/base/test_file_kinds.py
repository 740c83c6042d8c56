"""What a file is by its first bytes, whatever it is called."""

from pathlib import Path

import pytest
from PIL import Image

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import is_picture, kind_of
from mmavk_cli.base.images import decode, read_picture


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
@pytest.mark.parametrize("name", ["a.jfif", "a.jpg_large", "a.pjpeg", "a.txt", "a"])
def test_an_ending_does_not_decide_what_is_read(form: str, name: str, tmp_path: Path):
    path = tmp_path / name
    Image.new("RGB", (9, 5), "navy").save(path, form, quality=100)
    image = decode(read_picture(path))
    assert (image.mode, image.size) == ("RGB", (9, 5))
    assert is_picture(path)
    assert kind_of(path.read_bytes()).format == form


@pytest.mark.parametrize(
    ("content", "said", "do"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture, which is not read", "Convert it"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heix", "a HEIC picture, which is not read", "Convert it"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", "a video, not a picture", "Give a picture of it"),
        (b"\x1aE\xdf\xa3\x93B\x82", "a video, not a picture", "Give a picture of it"),
        (b"\n <!DOCTYPE HTML>\n<html>", "an HTML page, not a picture", "fetch the picture again"),
        (b"\xef\xbb\xbf<html lang='en'>", "an HTML page, not a picture", "fetch the picture again"),
        (b"<?xml version='1.0'?><Error><Code>", "an XML file, not a picture", "fetch it again"),
        (b"<?xml version='1.0'?>\n<svg xmlns=''>", "an SVG drawing, which is not read", "Convert it"),
        (b"<svg width='2'>", "an SVG drawing, which is not read", "Convert it"),
        (b"%PDF-1.7\n", "a PDF file, not a picture", "Convert it"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer, not a picture", "git lfs pull"),
        (b"PK\x03\x04\x14\0", "an archive, not a picture", "Unpack it"),
        (b'{"error": "not found"}', "a JSON file, not a picture", "Give the picture itself"),
        ("Zu groß: größer".encode(), "a text, not a picture", "Give the picture itself"),
        (b"8BPS\0\1", "a Photoshop file, which is not read", "Convert it"),
        (bytes(range(200, 256)), "this is not a picture, or of a kind that is not read", "Give a JPEG"),
        (b"\x89PNG\r\n\x1a\n\0\0", "truncated or damaged", "Fetch it again"),
    ],
)
def test_what_is_no_readable_picture_says_what_it_is(content: bytes, said: str, do: str, tmp_path: Path):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        decode(read_picture(path))
    assert said in raised.value.what
    assert do in raised.value.do


@pytest.mark.parametrize(
    "text", ["BMW wins", "GIF89 was a format", "II* MM*", "P1 is first", "RIFF and WEBP", "%P", "ftyp"]
)
def test_a_post_is_not_taken_for_a_picture(text: str, tmp_path: Path):
    path = tmp_path / "post"
    path.write_text(text, "utf-8")
    assert not is_picture(path)
    assert not is_picture(tmp_path)
    assert not is_picture(tmp_path / "absent")
