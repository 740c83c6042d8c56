"""How large a model sees a picture, and which pictures are one."""

import io

import pytest
from generate_tools import noise
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from mmavk_cli.knowledge.generators.vlm.resize import (
    FEWEST,
    Looks,
    alike,
    fitted,
    look,
    placeholders,
    shrunk,
    visual_tokens,
)


@given(st.integers(1, 20000), st.integers(1, 20000), st.integers(16, 16384))
@example(23, 17462, 64)  # a ribbon, longer than all its tokens
def test_no_picture_costs_more_than_the_cap(width: int, height: int, most: int):
    size = fitted(width, height, most)
    assert [side % 28 for side in size] == [0, 0]
    assert FEWEST <= visual_tokens(*size) <= most


@given(st.integers(280, 4000), st.integers(280, 4000), st.integers(256, 4096))
def test_the_shape_is_kept(width: int, height: int, most: int):
    wide, high = fitted(width, height, most)
    assert wide / high == pytest.approx(width / height, rel=28 / min(wide, high) * 2)


@pytest.mark.parametrize(
    ("size", "tokens"), [((1024, 768), 999), ((28, 28), 4), ((280, 280), 100), ((4000, 3000), 972), ((1, 20000), 960)]
)
def test_sizes_worked_out_by_hand(size: tuple[int, int], tokens: int):
    assert visual_tokens(*fitted(*size, 1024)) == tokens


def test_a_picture_of_the_right_size_is_not_touched():
    image = noise(56, 84, 1)
    assert shrunk(image, 100) is image
    assert shrunk(noise(900, 900, 1), 16).size == (112, 112)


def drawn(seed: int) -> Image.Image:
    """Something with shapes, as photographs have."""
    image = noise(8, 6, seed).resize((640, 480), Image.Resampling.BICUBIC)
    ImageDraw.Draw(image).ellipse((100 + seed, 80, 300, 320 + seed), fill="orange")
    return image


def again(image: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data)


def test_copies_look_the_same_and_others_do_not():
    looks = [look(drawn(seed)) for seed in range(20)]
    copies = [look(again(drawn(seed).resize((400, 300)), 60)) for seed in range(20)]
    assert all(alike(own, copy) for own, copy in zip(looks, copies, strict=True))
    assert not any(alike(one, other) for at, one in enumerate(looks) for other in looks[:at])


def files(look_of: dict[str, int | None], *subjects: str) -> list[Looks]:
    return [Looks(subject, look_of.get(subject)) for subject in subjects]


def test_the_same_bytes_many_times_are_a_placeholder():
    assert placeholders(files({}, *"aaabbc"), 3) == {"a": "the same bytes in 3 files"}
    assert placeholders(files({}, *"aaabbc"), 0) == {}


def test_the_same_look_many_times_is_one_whatever_the_bytes():
    logo = (1 << 40) - 1
    looks = {"a": logo, "b": logo ^ 0b110, "c": logo, "d": logo << 20, "e": 0b1111}
    found = placeholders(files(looks, *"aabcde"), 4)
    assert found == dict.fromkeys("abc", "the same look in 4 files")


def test_plain_pictures_are_no_copies_of_each_other():
    plain = [look(Image.new("RGB", (40, 40), colour)) for colour in ("red", "blue", "white")]
    assert plain == [0, 0, 0]
    assert placeholders(files(dict(zip("abc", plain, strict=True)), *"abc"), 2) == {}
