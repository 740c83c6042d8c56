"""The text in a picture (signs, posters, shirts, memes), read by RapidOCR and written as one sentence.

The models come inside rapidocr's wheel. They are named by their path, because rapidocr fetches a model over the network
when it is asked for one by any other name; nothing here does.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.settings import Settings, setting
from mmavk_cli.base.transparency import over_other_ground
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

_TURNS = (0, 180, 90, 270)
"""Lines of one direction are read together, upright ones first."""

_FEWEST = 2
"""A line with fewer letters and digits is more often a pattern in the picture than a word."""

_UPRIGHT = 1.5
"""A box that is so many times higher than wide holds a line that runs upwards or downwards."""

_SURE = 0.93
"""A line that is read with less confidence is read on its head as well, and the better reading stays."""

_TURNABLE = frozenset("SNOIHXZWMUnuopdbqxszlwm0168 9.,-:·'")
"""Letters and signs that look like one of them on their head: `SUN`, `pod`, `1960`."""

_CLEAR = 0.01
"""A reading with so much more confidence is clearly the better one."""

WAY = 2
"""The way of reading, in the recipe: what is written about a picture changes with it. 1 read upright lines alone."""


class OcrSettings(Settings):
    """How the text in a picture is read."""

    ocr_side: int = setting(960, "Longest side in pixels at which text is detected.", ge=64, le=4096)
    ocr_score: float = setting(0.7, "Skip lines read with a lower confidence.", ge=0, le=1)
    ocr_letters: int = setting(1200, "Read about this many characters, the largest print first.", ge=1)
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
    def stands(self) -> bool:
        """Whether the line runs upwards or downwards."""
        width, height = self.size
        return height >= _UPRIGHT * width

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle, x and y."""
        across = sum(x for x, _ in self.corners)
        return across / 4, sum(y for _, y in self.corners) / 4


@dataclass(frozen=True, slots=True)
class Line:
    """What was read in a box, with which confidence, when its strip was turned by so many degrees (anticlockwise)."""

    text: str
    score: float
    box: Box
    turn: int

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle in the picture as it was turned for reading."""
        x, y = self.box.centre
        return {0: (x, y), 90: (y, -x), 180: (-x, -y), 270: (-y, x)}[self.turn]


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
            decoding={"score": self.settings.ocr_score, "letters": self.settings.ocr_letters, "way": WAY},
            pixels={"side": self.settings.ocr_side},
            versions={name: version(name) for name in ("rapidocr", "onnxruntime", "pillow")},
        )

    def generate(self, image: "Image") -> str:
        """One sentence with the words in the picture (RGB, upright), a row a line; nothing where none are found.

        A transparent picture is read over both grounds, and the better reading stays.
        """
        found = self.read(image)
        other = over_other_ground(image)
        if other is not None:
            found = max(found, self.read(other), key=_worth)
        words = "\n".join(_words(row) for row in found)
        return SENTENCE.format(words=words) if words else ""

    def read(self, image: "Image") -> list[list[Line]]:
        """The lines of text in a picture that were read with confidence, in rows, in reading order."""
        small = image.copy()
        # twice the size is sharper for reading than for finding
        small.thumbnail((2 * self.settings.ocr_side, 2 * self.settings.ocr_side))
        if min(small.size) < _SMALLEST_SIDE:
            return []
        found = self._engine(small, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return []
        boxes = []
        for corners in found.boxes:
            points = tuple((float(x), float(y)) for x, y in corners)
            boxes.append(Box(points))
        chosen = [box for box in largest(boxes, self.settings.ocr_letters) if min(box.size) >= 1]
        lines = [line for line in self._best(small, chosen) if self._is_sure(line)]
        rows = []
        for turn in _TURNS:
            rows += rows_of([line for line in lines if line.turn == turn])
        return rows

    def _best(self, image: "Image", boxes: Sequence[Box]) -> list[Line]:
        """Each box as it is read best. One that stands is laid down both ways; one that lies is turned on its head
        where it was not read for sure, and where most of the picture's print stands on its head.
        """
        standing = [box for box in boxes if box.stands]
        lying = [(box, 0) for box in boxes if not box.stands]
        both_ways = list(product(standing, (90, 270)))
        best = {line.box: line for line in sorted(self._recognised(image, both_ways), key=_score)}
        upright = {line.box: line for line in self._recognised(image, lying)}
        unsure = [(line.box, 180) for line in upright.values() if _may_be_turned(line)]
        turned = {line.box: line for line in self._recognised(image, unsure)}
        if _most_is_turned(upright, turned):
            rest = [(box, 180) for box in upright if box not in turned]
            turned |= {line.box: line for line in self._recognised(image, rest)}
            turned = {box: line for box, line in turned.items() if line.score >= self.settings.ocr_score}
            return [*(best | upright | turned).values()]
        pairs = [(line, turned.get(box, line)) for box, line in upright.items()]
        return [*best.values(), *(max(pair, key=_score) for pair in pairs)]

    def _recognised(self, image: "Image", tries: Sequence[tuple[Box, int]]) -> list[Line]:
        """The boxes as they are read when they are turned so."""
        import numpy as np

        if not tries:
            return []
        strips = [np.asarray(cut_out(image, box, turn))[:, :, ::-1] for box, turn in tries]
        read = self._engine.recognize_txt(strips)
        return [
            Line(str(text), float(score), box, turn)
            for (box, turn), text, score in zip(tries, read.txts, read.scores, strict=True)
        ]

    def _is_sure(self, line: Line) -> bool:
        letters = sum(letter.isalnum() for letter in line.text)
        return line.score >= self.settings.ocr_score and letters >= _FEWEST

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
                "Rec.rec_batch_num": 1,  # strips side by side are padded: a page takes 1.4 times as long with 6
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


def _score(line: Line) -> float:
    return line.score


def _may_be_turned(line: Line) -> bool:
    """Whether it may stand on its head: it is not read for sure, or has no letter that tells above from below."""
    return line.score < _SURE or set(line.text) <= _TURNABLE


def _most_is_turned(upright: Mapping[Box, Line], turned: Mapping[Box, Line]) -> bool:
    """Whether more letters are clearly read better on their head than the other way."""
    gaps = [(len(line.text), line.score - upright[box].score) for box, line in turned.items()]
    over = sum(letters for letters, gap in gaps if gap > _CLEAR)
    under = sum(letters for letters, gap in gaps if gap < -_CLEAR)
    sure = sum(len(line.text) for box, line in upright.items() if box not in turned)
    return over > under + sure


def rows_of(lines: Sequence[Line]) -> list[list[Line]]:
    """Rows from top to bottom, in a row from left to right; lines share a row when their middles are near."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.centre[1]):
        if rows and line.centre[1] - rows[-1][0].centre[1] < rows[-1][0].box.print_size / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.centre[0]) for row in rows]


def cut_out(image: "Image", box: Box, turn: int) -> "Image":
    """The strip in a box, turned anticlockwise by 0, 90, 180 or 270 degrees."""
    from PIL.Image import Resampling, Transform, Transpose

    (top_left, top_right, bottom_right, bottom_left) = box.corners
    corners = (*top_left, *bottom_left, *bottom_right, *top_right)
    strip = image.transform(box.size, Transform.QUAD, corners, Resampling.BICUBIC)
    turns = {90: Transpose.ROTATE_90, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_270}
    return strip.transpose(turns[turn]) if turn else strip


def _words(row: Sequence[Line]) -> str:
    return " ".join(" ".join(line.text for line in row).split())


def _worth(rows: Sequence[Sequence[Line]]) -> float:
    """How much was read: its letters, each by its confidence."""
    return sum(len(line.text) * line.score for row in rows for line in row)


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
