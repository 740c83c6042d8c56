"""The text in a picture (signs, posters, shirts, memes), read by RapidOCR and written as one sentence.

The models come inside rapidocr's wheel. They are named by their path, because rapidocr fetches a model over the network
when it is asked for one by any other name; nothing here does.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.settings import Settings, setting
from mmavk_cli.knowledge.generators.generator import Generator
from mmavk_cli.store.recipe import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image

SENTENCE = "a picture with the words {words}"
"""Close to the captions the taggers were trained with, of which one in forty has `that says` or `the words`."""

_LETTERS = 2.0
"""Letters on a line are about half as wide as the line is high; used to guess how much a box holds."""

_SMALLEST_SIDE = 8
"""Pixels; nothing can be read in less, and rapidocr enlarges a very flat picture without limit."""

_FEWEST = 2
"""A line with fewer letters and digits is more often a pattern in the picture than a word."""

_UPRIGHT = 1.5
"""A box that is so many times higher than wide holds a line that runs upwards."""


class OcrSettings(Settings):
    """How the text in a picture is read."""

    ocr_side: int = setting(960, "Longest side in pixels at which text is detected.", ge=64, le=4096)
    ocr_score: float = setting(0.7, "Skip lines read with a lower confidence.", ge=0, le=1)
    ocr_letters: int = setting(160, "Read about this many characters, the largest print first.", ge=1)
    ocr_threads: int = setting(1, "CPU threads for a picture; more gain little, and lose on a busy machine.", ge=1)


@dataclass(frozen=True, slots=True)
class Box:
    """Four corners of a line of text in pixels: top left, top right, bottom right, bottom left as it is read."""

    corners: tuple[tuple[float, float], ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, each side the longer of its pair."""
        (a, b, c, d) = self.corners
        return int(max(_distance(a, b), _distance(d, c))), int(max(_distance(a, d), _distance(b, c)))

    @property
    def print_size(self) -> int:
        """How large the letters are, in pixels."""
        return max(1, min(self.size))

    @property
    def letters(self) -> float:
        """About how many letters are in it."""
        return _LETTERS * max(self.size) / self.print_size

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, x and y."""
        return sum(x for x, _ in self.corners) / 4, sum(y for _, y in self.corners) / 4


class OcrGenerator(Generator):
    """Reads the text in pictures. The models are loaded when the first picture comes."""

    def __init__(self, settings: OcrSettings) -> None:
        self.settings = settings

    @cached_property
    def recipe(self) -> Recipe:
        """All that decides what it writes."""
        from importlib.metadata import version

        return Recipe(
            name="ocr",
            generator="ocr",
            model="+".join(path.name for path in model_files()),
            prompt=digest(SENTENCE),
            decoding={"score": self.settings.ocr_score, "letters": self.settings.ocr_letters},
            pixels={"side": self.settings.ocr_side},
            versions={name: version(name) for name in ("rapidocr", "onnxruntime", "pillow")},
        )

    def generate(self, image: "Image") -> str:
        """One sentence with the words in the picture (RGB, upright), or nothing where none are found."""
        words = " ".join(" ".join(self.lines(image)).split())
        return SENTENCE.format(words=_shortened(words, self.settings.ocr_letters)) if words else ""

    def lines(self, image: "Image") -> list[str]:
        """The lines of text in the picture that were read with confidence, in reading order."""
        small = image.copy()
        small.thumbnail(
            (2 * self.settings.ocr_side, 2 * self.settings.ocr_side)
        )  # sharper for reading than for finding
        if min(small.size) < _SMALLEST_SIDE:
            return []
        found = self._engine(small, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        boxes = [Box(tuple((float(x), float(y)) for x, y in corners)) for corners in found.boxes]
        read = (self._read(small, box) for box in reading_order(largest(boxes, self.settings.ocr_letters)))
        return [text for text in read if text]

    def _read(self, image: "Image", box: Box) -> str:
        if min(box.size) < 1:
            return ""
        line = self._engine(cut_out(image, box), use_det=False, use_cls=False, use_rec=True)
        if not line.txts or line.scores[0] < self.settings.ocr_score:
            return ""
        text = str(line.txts[0])
        return text if sum(letter.isalnum() for letter in text) >= _FEWEST else ""

    @cached_property
    def _engine(self) -> Any:
        from rapidocr import RapidOCR

        # its warnings say on stderr that a picture holds no text
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        finder, reader = model_files()
        return RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.use_cls": False,  # finds lines that stand on their head; pictures are upright by their EXIF
                "Global.text_score": 0.0,  # ocr_score decides
                "Det.model_path": str(finder),
                "Det.limit_type": "max",
                "Det.limit_side_len": self.settings.ocr_side,
                "Rec.model_path": str(reader),
                "EngineConfig.onnxruntime.intra_op_num_threads": self.settings.ocr_threads,
            }
        )


def model_files() -> tuple[Path, Path]:
    """The models inside the installed rapidocr: what finds lines, what reads them.

    Raises:
        MissingError: rapidocr is not installed, or without its models.
    """
    advice = "Install it again: pip install --force-reinstall rapidocr"
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise MissingError("the package rapidocr is not installed", "ocr", advice)
    folder = Path(spec.origin).parent / "models"
    finders, readers = sorted(folder.glob("*_det_*.onnx")), sorted(folder.glob("*_rec_*.onnx"))
    if not finders or not readers:
        raise MissingError("rapidocr has no models in its package", str(folder), advice)
    return finders[0], readers[0]


def largest(boxes: Sequence[Box], letters: int) -> list[Box]:
    """The boxes in the largest print until they hold about so many letters; at least one where there is one.

    Reading costs about 2 ms a letter, so a page of small print would take many seconds.
    """
    chosen: list[Box] = []
    for box in sorted(boxes, key=lambda box: box.print_size, reverse=True):
        letters -= int(box.letters)
        if chosen and letters < 0:
            break
        chosen.append(box)
    return chosen


def reading_order(boxes: Sequence[Box]) -> list[Box]:
    """Rows from top to bottom, in a row from left to right; boxes share a row when their middles are near."""
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: box.centre[1]):
        if rows and box.centre[1] - rows[-1][0].centre[1] < rows[-1][0].print_size / 2:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [box for row in rows for box in sorted(row, key=lambda box: box.centre[0])]


def cut_out(image: "Image", box: Box) -> "Image":
    """The line in a box as an upright strip; one that runs upwards is laid down."""
    from PIL.Image import Resampling, Transform, Transpose

    (top_left, top_right, bottom_right, bottom_left) = box.corners
    corners = (*top_left, *bottom_left, *bottom_right, *top_right)
    strip = image.transform(box.size, Transform.QUAD, corners, Resampling.BICUBIC)
    return strip.transpose(Transpose.ROTATE_90) if strip.height >= _UPRIGHT * strip.width else strip


def _shortened(words: str, letters: int) -> str:
    """The text cut to `letters` at a word's end."""
    if len(words) <= letters:
        return words
    whole, _, _ = words[: letters + 1].rpartition(" ")
    return whole or words[:letters]


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
