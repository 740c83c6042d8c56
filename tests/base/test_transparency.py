"""A transparent picture lies over a ground on which it can be seen, in every way that PNG writes transparency."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from mmavk_cli.base.images import decode, read_picture
from mmavk_cli.base.transparency import ALPHA, over_other_ground


def decoded(image: Image.Image, path: Path, **how: object) -> Image.Image:
    image.save(path, **how)
    return decode(read_picture(path))


def letter(colour: str) -> Image.Image:
    image = Image.new("RGBA", (20, 10), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((5, 2, 9, 7), colour)
    return image


@pytest.mark.parametrize(
    ("colour", "ground"), [("white", (0, 0, 0)), ("yellow", (0, 0, 0)), ("black", (255,) * 3), ("navy", (255,) * 3)]
)
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_light_letters_lie_over_black_and_dark_ones_over_white(colour: str, ground: tuple, mode: str, tmp_path: Path):
    image = decoded(letter(colour).convert(mode), tmp_path / "a.png")
    assert image.getpixel((0, 0)) == ground
    assert abs(sum(image.getpixel((6, 4))) - sum(ground)) > 300
    assert image.info[ALPHA].getpixel((6, 4)) == 255
    other = over_other_ground(image)
    assert other.getpixel((0, 0)) == tuple(255 - part for part in ground)
    assert other.getpixel((6, 4)) == image.getpixel((6, 4))


def test_half_transparent_pixels_over_either_ground(tmp_path: Path):
    image = decoded(Image.new("RGBA", (4, 4), (200, 100, 0, 128)), tmp_path / "a.png")
    other = over_other_ground(image)
    for light, part in zip(
        (200, 100, 0), zip(image.getpixel((1, 1)), other.getpixel((1, 1)), strict=True), strict=True
    ):
        dark_and_white = sorted(part)
        assert dark_and_white[0] == pytest.approx(light * 128 / 255, abs=2)
        assert dark_and_white[1] == pytest.approx(light * 128 / 255 + 127, abs=2)


def test_what_is_not_transparent_has_no_other_ground(tmp_path: Path):
    for image in (Image.new("RGB", (4, 4), "red"), Image.new("RGBA", (4, 4), (1, 2, 3, 255))):
        assert over_other_ground(decoded(image, tmp_path / "a.png")) is None


def png(depth: int, colour: int, rows: np.ndarray, transparent: bytes) -> bytes:
    """A PNG file by its specification (ISO 15948), for what Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = rows.shape[:2]
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    content = [
        chunk(b"IHDR", head),
        chunk(b"tRNS", transparent),
        chunk(b"IDAT", zlib.compress(data)),
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(content)


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_with_a_transparent_colour(channels: int, tmp_path: Path):
    pixels = np.full((2, 3, channels), 0xFFFF, ">u2")
    pixels[0, 0] = 0x0102
    path = tmp_path / "a.png"
    path.write_bytes(png(16, 0 if channels == 1 else 2, pixels, struct.pack(">H", 0x0102) * channels))
    image = decode(read_picture(path))
    assert image.info[ALPHA].getpixel((0, 0)) == 0
    assert image.info[ALPHA].getpixel((1, 1)) == 255
    assert image.getpixel((0, 0)) == (0, 0, 0)
    assert image.getpixel((1, 1)) == (255, 255, 255)


def test_the_mask_is_turned_with_the_picture(tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    image = decoded(letter("white"), tmp_path / "a.png", exif=exif)
    assert image.size == image.info[ALPHA].size == (10, 20)


def test_long_texts_refuse_no_picture(tmp_path: Path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("a", "x" * 3_000_000, zip=True)
    texts.add_itxt("b", "y" * 3_000_000, zip=True)
    texts.add_text("c", "z" * 2_000_000)
    assert decoded(Image.new("RGB", (3, 2), "red"), tmp_path / "a.png", pnginfo=texts).getpixel((0, 0)) == (255, 0, 0)
