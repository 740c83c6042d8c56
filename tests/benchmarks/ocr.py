"""How well and how fast the text in drawn pictures is read. Run by hand: python tests/benchmarks/ocr.py [--time PYTHON]

60 pictures: six fonts, upright, turned by 90, 180, 270 and 15 degrees either way, light on dark, transparent, 12
pixels. With `--time PYTHON` pictures of 160 and 1,000 letters are read by the mmavk of another environment too.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from mmavk_cli.base.images import decode, read_picture
from mmavk_cli.knowledge.generators.ocr import SENTENCE, OcrGenerator, OcrSettings

OPENING = SENTENCE.format(words="")
NAMES = [
    "Bergen",
    "Oslo",
    "Harbour",
    "Museum",
    "Northern",
    "Railway",
    "Council",
    "Meridian",
    "Theatre",
    "Festival",
    "Library",
    "Garden",
    "Bridge",
    "Union",
]
KINDS = (0, 90, 180, 270, 15, -15, "dark", "transparent", "small", 0)


def fonts() -> list[Path]:
    """Six fonts that come with matplotlib."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    usual = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral", "DejaVuSerif-Bold")
    return [folder / f"{name}.ttf" for name in usual]


def drawn(lines: list[str], font: Path, kind: int | str) -> Image.Image:
    """A picture with lines of text."""
    size = 12 if kind == "small" else 40
    face = ImageFont.truetype(str(font), size)
    ink, ground = ("white", "#223344") if kind == "dark" else ("#222222", "#eeeedd")
    if kind == "transparent":
        image = Image.new("RGBA", (900, 900), (0, 0, 0, 0))
        ink = "white"
    else:
        image = Image.new("RGB", (900, 900), ground)
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        draw.text((180, 330 + row * size * 1.8), line, font=face, fill=ink)
    return image.rotate(kind, fillcolor=ground) if isinstance(kind, int) and kind else image


def accuracy(reader: OcrGenerator, folder: Path) -> None:
    """Print the share of words read right, and what was read that is not there."""
    dice, right, words, wrong = random.Random(7), 0, 0, []
    for number, (font, kind) in enumerate([(font, kind) for font in fonts() for kind in KINDS]):
        lines = [" ".join(dice.sample(NAMES, 2)) for _ in range(3)]
        path = folder / f"{number}.png"
        drawn(lines, font, kind).save(path)
        wanted = " ".join(lines).split()
        found = reader.generate(decode(read_picture(path))).removeprefix(OPENING).split()
        hits = sum(word in found for word in wanted)
        right, words = right + hits, words + len(wanted)
        if hits < len(wanted) or set(found) - set(wanted):
            wrong.append((font.stem, kind, sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))))
    print(f"60 pictures: {right} of {words} words right, {right / words:.1%}")
    for one in wrong:
        print("  ", *one)


def posters(reader: OcrGenerator, folder: Path) -> None:
    """Print of how many posters of ten lines the organisation in small print in a corner is read."""
    dice, there = random.Random(3), 0
    for number in range(10):
        image = Image.new("RGB", (900, 1200), "#f4f1e0")
        draw = ImageDraw.Draw(image)
        for row in range(10):
            face = ImageFont.truetype(str(fonts()[number % 6]), dice.choice((34, 44, 60)))
            draw.text((40, 40 + 105 * row), " ".join(dice.sample(NAMES, 2)).lower(), font=face, fill="#202020")
        name = " ".join(dice.sample(NAMES, 2))
        corner = ((30, 1160), (560, 1160), (30, 8), (560, 8))[number % 4]
        draw.text(corner, name, font=ImageFont.truetype(str(fonts()[0]), 18), fill="#202020")
        path = folder / f"poster{number}.png"
        image.save(path)
        there += name in reader.generate(decode(read_picture(path)))
    print(f"posters with the organisation's name: {there} of 10")


TIMED = """
import sys, time
from PIL import Image
try:
    from mmavk_cli.knowledge.generators.ocr import OcrGenerator, OcrSettings
except ImportError:
    from mmavk_cli.knowledge.ocr import OcrGenerator, OcrSettings
reader = OcrGenerator(OcrSettings())
for path in sys.argv[1:]:
    image = Image.open(path).convert("RGB")
    reader.generate(image)
    began = time.process_time()
    for _ in range(3):
        reader.generate(image)
    print((time.process_time() - began) / 3)
"""


def speed(other: str, folder: Path) -> None:
    """Print processor seconds a picture, here and in the other environment, one after the other."""
    dice = random.Random(5)
    paths = []
    for letters, size in ((160, 30), (1000, 20)):
        text = " ".join(dice.choices(NAMES, k=letters))
        lines = [text[at : at + 40] for at in range(0, letters, 40)]
        image = Image.new("RGB", (900, 900), "white")
        for row, line in enumerate(lines):
            face = ImageFont.truetype(str(fonts()[0]), size)
            ImageDraw.Draw(image).text((30, 30 + row * size * 1.6), line, font=face, fill="black")
        paths.append(folder / f"{letters}.png")
        image.save(paths[-1])
    seconds = {}
    for name, python in (
        ("before", other),
        ("now", sys.executable),
        ("before again", other),
        ("now again", sys.executable),
    ):
        done = subprocess.run(
            [python, "-c", TIMED, *map(str, paths)], check=True, capture_output=True, text=True, cwd=folder
        )
        seconds[name] = [float(line) for line in done.stdout.split()]
        print(name, *(f"{one:.2f} s" for one in seconds[name]))
    print(
        "ratio of 160 and 1,000 letters",
        *(f"{a / b:.2f}" for a, b in zip(seconds["now"], seconds["before"], strict=True)),
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time", help="Python of an environment with another version of mmavk")
    options = parser.parse_args()
    reader = OcrGenerator(OcrSettings())
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        if options.time:
            speed(options.time, Path(name))
        accuracy(reader, Path(name))
        posters(reader, Path(name))
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
