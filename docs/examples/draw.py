"""Draws the pictures of the example posts: `python docs/examples/draw.py`.

A sign in front of a stadium at dusk, and a street sign on a brick wall, with text that the posts leave open.
"""

from collections.abc import Callable
from math import hypot
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
WIDTH, HEIGHT, GROUND = 640, 400, 326
SCALE = 2  # drawn twice as large and made smaller: smooth edges
Colour = tuple[int, int, int]


def between(low: Colour, high: Colour, share: float) -> Colour:
    """The colour `share` of the way from `low` to `high`."""
    return tuple(round(a + (b - a) * share) for a, b in zip(low, high, strict=True))  # type: ignore[return-value]


def box(left: float, top: float, right: float, bottom: float) -> list[float]:
    """A rectangle in the picture's pixels as the drawing's."""
    return [left * SCALE, top * SCALE, right * SCALE, bottom * SCALE]


def sky(draw: ImageDraw.ImageDraw) -> None:
    """Dusk, some stars, and the moon with its craters."""
    for row in range(GROUND * SCALE):
        share = row / (GROUND * SCALE)
        high, middle, low = (16, 24, 62), (98, 74, 130), (246, 168, 112)
        colour = between(high, middle, share / 0.6) if share < 0.6 else between(middle, low, (share - 0.6) / 0.4)
        draw.line([(0, row), (WIDTH * SCALE, row)], fill=colour)
    dice = Random(1962)
    for _ in range(70):
        x, y = dice.randrange(WIDTH), dice.randrange(150)
        draw.ellipse(box(x, y, x + 1.3, y + 1.3), fill=between((80, 85, 130), (255, 255, 255), dice.random()))
    x, y, radius = 586, 52, 32
    draw.ellipse(box(x - radius, y - radius, x + radius, y + radius), fill=(243, 238, 220))
    for _ in range(14):
        dx, dy, size = dice.uniform(-26, 26), dice.uniform(-26, 26), dice.uniform(2, 6)
        if hypot(dx, dy) + size < radius - 2:
            draw.ellipse(box(x + dx - size, y + dy - size, x + dx + size, y + dy + size), fill=(222, 215, 196))


def stadium(draw: ImageDraw.ImageDraw) -> None:
    """The bowl with its light masts, and the lawn."""
    dark = (44, 36, 66)
    outline = ((0, 250), (86, 222), (554, 222), (WIDTH, 250), (WIDTH, GROUND), (0, GROUND))
    draw.polygon([(x * SCALE, y * SCALE) for x, y in outline], fill=dark)
    for column in range(8, WIDTH, 24):
        draw.rectangle(box(column, 262, column + 9, GROUND), fill=(66, 54, 88))
    for mast in (34, 606):
        draw.rectangle(box(mast - 2, 128, mast + 2, 250), fill=dark)
        draw.rectangle(box(mast - 18, 118, mast + 18, 136), fill=dark)
        for lamp in range(-15, 15, 8):
            draw.ellipse(box(mast + lamp, 120, mast + lamp + 6, 126), fill=(255, 244, 200))
            draw.ellipse(box(mast + lamp, 128, mast + lamp + 6, 134), fill=(255, 244, 200))
    for row in range(GROUND, HEIGHT):
        share = (row - GROUND) / (HEIGHT - GROUND)
        draw.rectangle(box(0, row, WIDTH, row + 1), fill=between((58, 96, 62), (30, 58, 42), share))


def sign(draw: ImageDraw.ImageDraw) -> None:
    """The sign on its two posts, its lines centred."""
    for post in (150, 490):
        draw.rectangle(box(post - 7, 300, post + 7, 372), fill=(92, 84, 78))
        draw.rectangle(box(post - 14, 366, post + 14, 376), fill=(70, 64, 60))
    draw.rounded_rectangle(box(92, 88, 548, 316), radius=14 * SCALE, fill=(226, 218, 198))
    draw.rounded_rectangle(box(99, 95, 541, 309), radius=10 * SCALE, fill=(15, 34, 84))
    lines = (
        ("RICE UNIVERSITY", 46, 108, (255, 255, 255)),
        ("Rice Stadium · Houston, Texas", 24, 166, (208, 214, 232)),
        ("John F. Kennedy", 40, 210, (250, 212, 116)),
        ("We choose to go to the Moon · 1962", 22, 266, (255, 255, 255)),
    )
    write(draw, lines)
    draw.rectangle(box(170, 201, 470, 203), fill=(250, 212, 116))


def write(draw: ImageDraw.ImageDraw, lines: tuple[tuple[str, int, int, Colour], ...]) -> None:
    """Lines of text (text, size, top, colour), each in the middle of the picture."""
    for text, size, top, colour in lines:
        font = ImageFont.load_default(size * SCALE)
        draw.text((WIDTH * SCALE / 2, top * SCALE), text, font=font, fill=colour, anchor="ma")


def bricks(draw: ImageDraw.ImageDraw) -> None:
    """A wall of bricks, no two of quite one colour."""
    dice = Random(1969)
    draw.rectangle(box(0, 0, WIDTH, HEIGHT), fill=(196, 186, 172))
    for row in range(HEIGHT // 25):
        for column in range(-1, WIDTH // 64 + 1):
            left = column * 64 + (row % 2) * 32
            colour = between((136, 66, 50), (172, 96, 72), dice.random())
            draw.rectangle(box(left + 2, row * 25 + 2, left + 61, row * 25 + 22), fill=colour)


def street_sign(draw: ImageDraw.ImageDraw) -> None:
    """A white London street sign."""
    draw.rectangle(box(66, 116, 582, 292), fill=(98, 54, 44))
    draw.rectangle(box(62, 110, 578, 286), fill=(250, 250, 246))
    draw.rectangle(box(68, 116, 572, 280), outline=(24, 24, 24), width=2 * SCALE)
    write(
        draw,
        (
            ("ABBEY ROAD NW8", 50, 138, (20, 20, 20)),
            ("CITY OF WESTMINSTER", 32, 220, (190, 24, 36)),
        ),
    )


def save(path: Path, *parts: Callable[[ImageDraw.ImageDraw], None]) -> None:
    """Draw the parts, the later over the earlier, and write the picture."""
    picture = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE))
    draw = ImageDraw.Draw(picture)
    for part in parts:
        part(draw)
    picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(path, quality=85, optimize=True)


if __name__ == "__main__":
    save(HERE / "picture.jpg", sky, stadium, sign)
    save(HERE / "folder" / "abbey.jpg", bricks, street_sign)
