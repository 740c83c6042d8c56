"""Pictures of every kind, whole and broken, made here."""

import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import PIL
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import FORMATS, Picture, PictureLimits, check_picture, decode, read_picture

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
NEAR = 12
"""Steps of 255 that JPEG may be off."""


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return decode(Picture(Path("made.bin"), data))


def two_halves(size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image


def is_near(found: object, wanted: tuple[int, int, int]) -> bool:
    assert isinstance(found, tuple)
    return all(abs(one - other) <= NEAR for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_decodes_to_its_pixels(kind: str):
    image = opened(encoded(two_halves(), kind))
    assert (image.mode, image.size) == ("RGB", (40, 20))
    assert is_near(image.getpixel((2, 10)), RED)
    assert is_near(image.getpixel((37, 10)), BLUE)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("colour", [RED, (0, 0, 0)])
def test_one_pixel_is_a_picture(kind: str, colour: tuple[int, int, int]):
    image = opened(encoded(Image.new("RGB", (1, 1), colour), kind))
    assert image.size == (1, 1)
    assert is_near(image.getpixel((0, 0)), colour)


def test_cmyk_jpeg_keeps_its_colours():
    image = opened(encoded(two_halves().convert("CMYK"), "JPEG"))
    assert is_near(image.getpixel((2, 10)), RED)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(("deep", "flat"), [(0, 0), (257, 1), (32896, 128), (65535, 255)])
def test_sixteen_bits_are_scaled_not_cut(kind: str, deep: int, flat: int):
    assert opened(encoded(Image.new("I;16", (3, 2), deep), kind)).getpixel((1, 1)) == (flat, flat, flat)


def test_thirty_two_bits_span_black_to_white():
    image = Image.new("F", (3, 1))
    for x, value in enumerate((-2.0, 0.0, 2.0)):
        image.putpixel((x, 0), value)
    assert [opened(encoded(image, "TIFF")).getpixel((x, 0))[0] for x in range(3)] == [0, 127, 255]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparent_parts_lie_over_white(kind: str):
    image = Image.new("RGBA", (20, 10), (0, 0, 0, 0))
    image.paste((*RED, 255), (10, 0, 20, 10))
    options = {"lossless": True} if kind == "WEBP" else {}
    found = opened(encoded(image, kind, **options))
    assert (found.getpixel((2, 2)), found.getpixel((15, 2))) == (WHITE, RED)


def test_a_palette_with_a_transparent_colour_lies_over_white():
    image = Image.new("P", (4, 4), 0)
    image.putpalette([*BLUE, *RED])
    image.putpixel((3, 3), 1)
    found = opened(encoded(image, "PNG", transparency=0))
    assert (found.getpixel((0, 0)), found.getpixel((3, 3))) == (WHITE, RED)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(kind: str):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, BLUE, WHITE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert opened(data).getpixel((8, 8)) == RED


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_stands_upright(orientation: int):
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    upright = two_halves()
    upright.paste(WHITE, (0, 0, 10, 10))  # a corner, so that all eight turns differ
    stored = upright.transpose(turned[orientation]) if orientation in turned else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert opened(encoded(stored, "PNG", exif=exif)).tobytes() == upright.tobytes()


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0garbage" * 9])
def test_a_damaged_exif_block_does_not_hide_the_picture(exif: bytes):
    assert opened(encoded(two_halves(), "JPEG", exif=exif)).size == (40, 20)


def fault(path: Path, limits: PictureLimits | None = None) -> str:
    with pytest.raises(DataError) as caught:
        decode(read_picture(path, limits), limits)
    assert caught.value.where == str(path)
    assert caught.value.do
    assert len(str(caught.value).splitlines()) == 1
    assert check_picture(path, limits) == caught.value.what
    return caught.value.what


def test_no_such_file(tmp_path: Path):
    assert fault(tmp_path / "none.jpg") == "no such picture"


def test_a_name_that_cannot_be(tmp_path: Path):
    assert "cannot read" in fault(tmp_path / "a\0b.jpg")


def test_a_folder(tmp_path: Path):
    assert "folder" in fault(tmp_path)


def test_a_device_is_not_read():
    assert "plain file" in fault(Path("/dev/zero"))


def test_zero_bytes(tmp_path: Path):
    path = tmp_path / "empty.jpg"
    path.touch()
    assert "0 bytes" in fault(path)


@pytest.mark.parametrize("content", [b"just a text\n", b"\0", b"<svg/>", b"%PDF-1.7", b"\xff\xd8", b"GIF89a"])
def test_what_is_not_a_picture(tmp_path: Path, content: bytes):
    path = tmp_path / "text.jpg"
    path.write_bytes(content)
    assert "not a picture" in fault(path) or "damaged" in fault(path)


def test_a_format_that_runs_programs_is_not_opened(tmp_path: Path):
    path = tmp_path / "vector.jpg"
    two_halves().save(path, "EPS")
    assert "a PostScript file, which is not read" in fault(path)


@pytest.mark.parametrize("kind", FORMATS)
def test_half_a_picture(tmp_path: Path, kind: str):
    path = tmp_path / f"half.{kind.lower()}"
    data = encoded(Image.effect_noise((200, 150), 80).convert("RGB"), kind)
    path.write_bytes(data[: len(data) // 2])
    assert "truncated" in fault(path) or "damaged" in fault(path)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises width x height pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(8001, 8000), (12000, 8000), (30000, 30000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_header(tmp_path: Path, width: int, height: int):
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb(width, height))
    assert "64 megapixels" in fault(path)


def test_the_cap_on_pixels_is_a_setting(tmp_path: Path):
    path = tmp_path / "picture.png"
    two_halves((100, 100)).save(path)
    assert "100x100" in fault(path, PictureLimits(max_megapixels=0.009))
    assert check_picture(path, PictureLimits(max_megapixels=0.01)) is None


def test_the_cap_on_bytes_is_a_setting(tmp_path: Path):
    path = tmp_path / "picture.bmp"
    two_halves((100, 100)).save(path)
    assert "megabytes" in fault(path, PictureLimits(max_megabytes=0.02))


YCBCR = pytest.param(
    "YCbCr",
    marks=pytest.mark.skipif(int(PIL.__version__.partition(".")[0]) < 13, reason="Pillow 12 cannot read its own files"),
)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", YCBCR, "LAB", "I", "F"])
def test_every_mode_of_a_file_becomes_rgb(mode: str):
    assert opened(encoded(Image.new(mode, (3, 3)), "TIFF")).mode == "RGB"


def test_the_digest_is_that_of_the_bytes_whatever_the_name(tmp_path: Path):
    data = encoded(two_halves(), "JPEG")
    (tmp_path / "a.jpg").write_bytes(data)
    (tmp_path / "b.png").write_bytes(data)
    first, second = read_picture(tmp_path / "a.jpg"), read_picture(tmp_path / "b.png")
    assert first.digest == second.digest == digest(data)
    assert decode(second).tobytes() == decode(first).tobytes()


@pytest.mark.parametrize(
    ("kind", "least", "size"),
    [("JPEG", 1, (50, 38)), ("JPEG", 50, (50, 38)), ("JPEG", 51, (100, 75)), ("JPEG", 101, (200, 150)),
     ("JPEG", 900, (400, 300)), ("PNG", 50, (400, 300))],
)  # fmt: skip
def test_a_small_picture_is_made_of_as_few_pixels_as_will_do(kind: str, least: int, size: tuple[int, int]):
    flat, tall = two_halves((400, 300)), two_halves((300, 400))
    made = decode(Picture(Path("made.bin"), encoded(flat, kind)), least=least)
    assert made.size == size and is_near(made.getpixel((2, 2)), RED)
    assert decode(Picture(Path("made.bin"), encoded(tall, kind)), least=least).size == size[::-1]


def test_oddities_are_not_warned_about_and_the_warnings_of_others_stay():
    odd = encoded(two_halves(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12\0\x03\0\0\0\x01")
    with warnings.catch_warnings(record=True) as told:
        warnings.resetwarnings()  # whatever pytest was told of warnings
        with ThreadPoolExecutor(8) as pool:
            sizes = set(pool.map(lambda _: opened(odd).size, range(400)))
        warnings.warn("ours", stacklevel=1)
    assert sizes == {(40, 20)}
    assert [str(one.message) for one in told] == ["ours"]


WHOLE = {kind: encoded(two_halves(), kind) for kind in FORMATS}


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(FORMATS), data=st.data())
def test_damaged_bytes_decode_or_are_a_fault(kind: str, data: st.DataObject):
    content = bytearray(WHOLE[kind][: data.draw(st.integers(0, len(WHOLE[kind])))])
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6)):
        if at < len(content):
            content[at] = value
    try:
        image = opened(bytes(content))
    except DataError as error:
        assert str(error).startswith("made.bin: ")
    else:
        assert image.mode == "RGB"
