"""Posters and signs for the contrast sets, drawn with fonts that come with libraries we install."""

from pathlib import Path
from random import Random

import matplotlib
from PIL import Image, ImageDraw, ImageFont

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
FACES = (
    "DejaVuSans-Bold.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSans.ttf", "DejaVuSansMono-Bold.ttf", "DejaVuSerif.ttf",
    "STIXGeneralBol.ttf",
)  # fmt: skip
COLOURS = (
    ("#1d3557", "#f1faee"), ("#ffffff", "#111111"), ("#d62828", "#ffffff"), ("#006d3c", "#ffffff"),
    ("#f4d35e", "#222222"), ("#101010", "#f2c14e"), ("#e9ecef", "#9b2226"),
)  # fmt: skip
"""Ground and print."""

SIDE = 640
"""Width of a picture in pixels."""


def poster(lines: str, random: Random) -> Image.Image:
    """A picture of the lines, `|` between them, the first in the largest print."""
    ground, ink = random.choice(COLOURS)
    face = FONTS / random.choice(FACES)
    shown = lines.split("|")
    fonts = [_fitting(line, face, 72 if number == 0 else 40) for number, line in enumerate(shown)]
    heights = [int(font.size * 1.5) for font in fonts]
    image = Image.new("RGB", (SIDE, max(280, sum(heights) + 120)), ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((12, 12, SIDE - 12, image.height - 12), outline=ink, width=4)
    top = (image.height - sum(heights)) // 2
    for line, font, height in zip(shown, fonts, heights, strict=True):
        draw.text(((SIDE - draw.textlength(line, font)) / 2, top), line, font=font, fill=ink)
        top += height
    return image


def _fitting(line: str, face: Path, size: int) -> ImageFont.FreeTypeFont:
    """The face at `size` pixels, or as large as the line fits the width."""
    font = ImageFont.truetype(face, size)
    room = SIDE - 80
    width = font.getlength(line)
    return font if width <= room else ImageFont.truetype(face, int(size * room / width))
