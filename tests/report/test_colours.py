"""Colours of types: the paper's stay, every other one gets its own, and all can be read."""

import re
from itertools import pairwise
from math import cos, radians, sin
from pathlib import Path

import mmavk_cli
from mmavk_cli.report.colours import Colours

STYLE = (Path(mmavk_cli.__file__).parent / "report" / "templates" / "style.css").read_text("utf-8")
FIFTY = [f"type {number}" for number in range(50)]


def luminance_of_oklch(light: float, chroma: float, hue: float) -> float:
    """Relative luminance of a colour (Björn Ottosson, A perceptual color space for image processing, 2020)."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return sum(part * min(max(one, 0), 1) for part, one in ((0.2126, red), (0.7152, green), (0.0722, blue)))


def luminance_of_grey(hexadecimal: str) -> float:
    value = int(hexadecimal[:2], 16) / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def hue(colours: Colours, kind: str) -> int:
    return int(colours.hue(kind).removeprefix("--hue:"))


def test_the_paper_s_types_have_their_own_class_and_need_no_hue():
    colours = Colours(["ORG", "EVENT"])
    assert [(colours.css_class(kind), colours.hue(kind)) for kind in ("ORG", "PER")] == [("ORG", ""), ("PER", "")]


def test_no_word_of_the_data_becomes_a_class():
    for kind in ("gold", "wrong", 'a" onclick="x', "post"):
        assert Colours().css_class(kind) == "own"
        assert re.fullmatch(r"--hue:\d+", Colours().hue(kind))


def test_fifty_types_have_fifty_hues_and_neighbours_are_far_apart():
    hues = [hue(Colours(FIFTY), kind) for kind in sorted(FIFTY)]
    assert len(set(hues)) == 50
    for one, other in pairwise(hues):
        assert min((one - other) % 360, (other - one) % 360) > 90


def test_a_type_keeps_its_hue_whatever_is_met_first():
    first, second = Colours(["A", "B"]), Colours(["B", "A"])
    assert [hue(first, kind) for kind in "BA"] == [hue(second, kind) for kind in "BA"]
    unknown = Colours()
    assert hue(unknown, "X") == hue(Colours(["X"]), "X")


def test_every_hue_can_be_read_in_both_modes():
    lights = [float(one) for one in re.findall(r"--light: (\.\d+)", STYLE)]
    inks = re.findall(r"--label: #(\w+)", STYLE)
    chroma = float(re.findall(r"oklch\(var\(--light\) (\.\d+)", STYLE)[0])
    for light, ink in zip(lights, inks, strict=True):
        for angle in range(360):
            ground, label = luminance_of_oklch(light, chroma, angle), luminance_of_grey(ink)
            low, high = sorted((ground, label))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (light, angle)
