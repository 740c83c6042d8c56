"""Reading the text in pictures that are drawn here, and the generator that needs no weights."""

import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from mmavk_cli.base.errors import MissingError, UsageError
from mmavk_cli.base.images import decode, read_picture
from mmavk_cli.knowledge.generators import ocr
from mmavk_cli.knowledge.generators.echo import EchoGenerator
from mmavk_cli.knowledge.generators.ocr import Box, OcrGenerator, OcrSettings, largest, model_files, rows_of
from mmavk_cli.knowledge.generators.registry import GENERATORS, GeneratorSettings, make_generator

SAYS = "a picture with the words "
Line = tuple[int, int, int, str]
"""x, y, height of the print, words."""


def sign(*lines: Line, size: tuple[int, int] = (640, 400)) -> Image.Image:
    """Black words on a plain ground."""
    image = Image.new("RGB", size, (235, 225, 190))
    draw = ImageDraw.Draw(image)
    for x, y, height, words in lines:
        draw.text((x, y), words, font=ImageFont.load_default(height), fill="black")
    return image


@pytest.fixture(scope="module")
def reader() -> OcrGenerator:
    return OcrGenerator(OcrSettings())


# ---------------------------------------------------------------- what is read


def test_a_sign_is_read_from_top_to_bottom(reader: OcrGenerator):
    image = sign((60, 60, 60, "Rice University"), (60, 200, 36, "Houston, Texas"))
    assert reader.generate(image) == f"{SAYS}Rice University\nHouston, Texas"


def test_two_columns_are_read_row_by_row(reader: OcrGenerator):
    image = sign((340, 50, 44, "United"), (30, 54, 44, "Manchester"), (30, 250, 44, "Anfield"))
    assert reader.generate(image) == f"{SAYS}Manchester United\nAnfield"


@pytest.mark.parametrize("image", [Image.new("RGB", (640, 400), "navy"), Image.new("RGB", (1, 1)), sign()])
def test_nothing_is_said_of_a_picture_without_words(reader: OcrGenerator, image: Image.Image):
    assert reader.generate(image) == ""


@pytest.mark.parametrize("turn", [90, 180, 270, 15, 345, 85])
def test_turned_lines_are_read_and_nothing_on_its_head(reader: OcrGenerator, turn: int):
    image = sign((100, 150, 54, "Stamford Bridge"), (100, 270, 40, "Chelsea FC"), size=(640, 640))
    turned = image.rotate(turn, fillcolor=(235, 225, 190))
    assert reader.generate(turned) == f"{SAYS}Stamford Bridge\nChelsea FC"


def test_letters_that_look_alike_on_their_head_follow_the_others(reader: OcrGenerator):
    lines = [(100, 100, 60, "MOM 1968"), (100, 220, 48, "Stamford Bridge"), (100, 330, 60, "SUN")]
    image = sign(*lines, size=(640, 500))
    words = f"{SAYS}MOM 1968\nStamford Bridge\nSUN"
    assert reader.generate(image) == words
    assert reader.generate(image.transpose(Image.Transpose.ROTATE_180)) == words


@pytest.mark.parametrize("colour", ["white", "black", "gold"])
def test_letters_on_a_transparent_ground_are_read(reader: OcrGenerator, colour: str, tmp_path: Path):
    image = Image.new("RGBA", (640, 160), (0, 0, 0, 0))
    ImageDraw.Draw(image).text((40, 40), "Old Trafford", font=ImageFont.load_default(60), fill=colour)
    image.save(tmp_path / "a.png")
    assert reader.generate(decode(read_picture(tmp_path / "a.png"))) == f"{SAYS}Old Trafford"


def test_the_ground_on_which_letters_are_seen_is_tried(reader: OcrGenerator, tmp_path: Path):
    """Most of what is visible is dark, but the letters are white."""
    image = Image.new("RGBA", (640, 300), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 200, 640, 300), "black")
    draw.text((40, 40), "Old Trafford", font=ImageFont.load_default(60), fill="white")
    image.save(tmp_path / "a.png")
    assert reader.generate(decode(read_picture(tmp_path / "a.png"))) == f"{SAYS}Old Trafford"


def test_a_tilted_line_is_read(reader: OcrGenerator):
    tilted = sign((100, 150, 54, "Stamford Bridge")).rotate(14, fillcolor=(235, 225, 190))
    assert reader.generate(tilted) == f"{SAYS}Stamford Bridge"


def test_large_pictures_are_read_small(reader: OcrGenerator):
    image = sign((60, 60, 60, "Rice University")).resize((6400, 4000))
    assert reader.generate(image) == f"{SAYS}Rice University"
    assert image.size == (6400, 4000)


def test_of_much_text_the_largest_print_is_said():
    small = [(20, 120 + 40 * row, 20, "a line of the small print under it") for row in range(6)]
    image = sign((20, 20, 60, "Premier League"), *small)
    short = OcrGenerator(OcrSettings(ocr_letters=30))
    assert short.generate(image) == f"{SAYS}Premier League"


def test_a_name_in_small_print_in_the_corner_of_a_poster_is_read(reader: OcrGenerator):
    lines = [(20, 20 + 58 * row, 40, f"drink {row + 2} glasses a day") for row in range(10)]
    image = sign(*lines, (420, 660, 17, "Northern Health Council"), size=(640, 700))
    assert "Northern Health Council" in reader.generate(image)


def test_lines_read_without_confidence_are_left_out():
    image = sign((60, 60, 60, "Rice University"))
    assert OcrGenerator(OcrSettings(ocr_score=1.0)).generate(image) == ""


def test_a_single_letter_is_no_word(reader: OcrGenerator):
    assert reader.read(sign((300, 150, 90, "A"))) == []


def test_the_same_picture_gives_the_same_words(reader: OcrGenerator):
    image = sign((60, 60, 60, "Rice University"))
    before = image.tobytes()
    assert reader.generate(image) == OcrGenerator(OcrSettings()).generate(image)
    assert image.tobytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("size", [(2, 900), (900, 2), (7, 7), (8, 8), (9, 3000), (3000, 9), (31, 33), (20000, 60)])
def test_pictures_of_odd_shapes_are_read(reader: OcrGenerator, size: tuple[int, int]):
    dice = random.Random(1)
    image = Image.frombytes("RGB", size, dice.randbytes(3 * size[0] * size[1]))
    assert isinstance(reader.generate(image), str)


ALONE = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("the network was touched")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from mmavk_cli.base.images import decode, read_picture
from mmavk_cli.knowledge.generators.registry import GeneratorSettings, make_generator
from pathlib import Path

generator = make_generator("ocr", GeneratorSettings())
generator.recipe
assert not {"rapidocr", "onnxruntime", "PIL"} & set(sys.modules), "the recipe loaded a model's library"
print(generator.generate(decode(read_picture(Path(sys.argv[1])))))
print(*sys.modules)
"""


def run_alone(picture: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", ALONE, str(picture)], check=False, capture_output=True, text=True)


@pytest.mark.parametrize("words", ["Rice University", ""])
def test_no_network_no_torch_and_nothing_on_stderr(tmp_path: Path, words: str):
    sign((60, 60, 60, words)).save(tmp_path / "sign.png")
    done = run_alone(tmp_path / "sign.png")
    assert (done.returncode, done.stderr) == (0, "")
    said, modules = done.stdout.splitlines()
    assert said == (f"{SAYS}{words}" if words else "")
    assert "rapidocr" in modules.split()
    assert not {"torch", "transformers", "matplotlib"} & set(modules.split())


# ---------------------------------------------------------------- what decides it


def test_the_recipe_says_all_that_decides_the_words():
    recipe = OcrGenerator(OcrSettings()).recipe
    assert recipe.versions.keys() == {"rapidocr", "onnxruntime", "pillow"}
    assert all(path.name in recipe.model for path in model_files())
    for change in ({"ocr_side": 640}, {"ocr_score": 0.5}, {"ocr_letters": 40}):
        assert OcrGenerator(OcrSettings(**change)).recipe.id != recipe.id
    assert OcrGenerator(OcrSettings(ocr_threads=3)).recipe.id == recipe.id


def test_models_that_are_not_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ocr, "find_spec", lambda _: None)
    with pytest.raises(MissingError, match="rapidocr is not installed"):
        model_files()


def test_a_package_without_its_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    class Spec:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(ocr, "find_spec", lambda _: Spec)
    with pytest.raises(MissingError, match="no models in its package"):
        model_files()


# ---------------------------------------------------------------- boxes


def box(x: float, y: float, width: float, height: float) -> Box:
    return Box(((x, y), (x + width, y), (x + width, y + height), (x, y + height)))


boxes = st.lists(
    st.builds(box, st.integers(0, 900), st.integers(0, 900), st.integers(1, 300), st.integers(1, 60)), max_size=12
)


@given(boxes)
def test_the_order_of_reading_loses_no_box(found: Sequence[Box]):
    lines = [ocr.Line("", 1, one, 0) for one in found]
    assert sorted((line for row in rows_of(lines) for line in row), key=repr) == sorted(lines, key=repr)


@given(boxes, st.integers(1, 400))
def test_no_box_that_is_left_out_is_larger_than_one_that_is_read(found: Sequence[Box], letters: int):
    chosen = largest(found, letters)
    assert bool(chosen) == bool(found)
    assert sum(int(one.letters) for one in chosen[1:]) <= letters
    left = [one for one in found if one not in chosen]
    assert all(one.print_size <= min(kept.print_size for kept in chosen) for one in left)


def test_a_row_is_what_stands_side_by_side():
    right, left, under = box(200, 12, 80, 20), box(10, 8, 80, 24), box(0, 40, 300, 20)
    rows = rows_of([ocr.Line("", 1, one, 0) for one in (under, right, left)])
    assert [[line.box for line in row] for row in rows] == [[left, right], [under]]


# ---------------------------------------------------------------- echo and the registry


def test_echo_says_the_size_and_which_picture_it_is():
    generator = EchoGenerator()
    said = {generator.generate(image) for image in (sign(), sign(size=(400, 640)), sign((9, 9, 30, "x")))}
    assert len(said) == 3
    assert all(text.startswith("a picture of ") for text in said)
    assert generator.generate(sign()) in said


@pytest.mark.parametrize("name", sorted(GENERATORS.keys() - {"qwen2vl", "vllm", "server"}))  # these: vlm/
def test_every_generator_is_made_by_its_name(name: str):
    generator = make_generator(name, GeneratorSettings())
    assert generator.recipe.name == generator.recipe.generator == name
    assert isinstance(generator.generate(Image.new("RGB", (30, 30))), str)


@pytest.mark.parametrize(
    ("name", "advice"), [("orc", "Did you mean 'ocr'?"), ("", "There is: echo, ocr, qwen2vl, server, vllm")]
)
def test_an_unknown_generator(name: str, advice: str):
    with pytest.raises(UsageError) as caught:
        make_generator(name, GeneratorSettings())
    assert caught.value.do == advice


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 255))
def test_echo_depends_on_the_pixels_alone(width: int, height: int, grey: int):
    image = Image.new("RGB", (width, height), (grey, 0, 0))
    assert EchoGenerator().generate(image) == EchoGenerator().generate(image.copy())
