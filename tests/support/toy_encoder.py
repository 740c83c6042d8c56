"""An encoder in one file: a vector a word of a list, `words.txt`; the same list cuts, and there is no tokenizer."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Word
from mmavk_cli.tagger.encoders.encoder import Encoder
from mmavk_cli.tagger.encoders.layers import EncoderLayers
from mmavk_cli.tagger.encoders.shape import EncoderShape, Way
from mmavk_cli.tagger.pieces import CutSettings, Pieces

LIST, WEIGHTS = "words.txt", "weights.safetensors"
BEGIN, UNKNOWN = 1, 2
WIDTH = 24


class ToyEncoder(Encoder):
    """Reads a folder with `words.txt`, a word a line."""

    onnx = True
    described = "a list of words"
    cutter_files = (LIST,)

    def folder(self, source: str) -> Path:
        if not (Path(source) / LIST).is_file():
            raise MissingError(f"no {LIST} here", source, "Write one, a word a line")
        return Path(source)

    def shape(self, source: str) -> "ToyShape":
        return ToyShape(WIDTH, 0, 3 + len(words_of(self.folder(source))))

    def cutter(self, folder: Path, settings: CutSettings) -> "ToyCutter":
        return ToyCutter(words_of(folder), settings)

    def save_cutter(self, source: Path, folder: Path) -> None:
        shutil.copyfile(source / LIST, folder / LIST)

    def start(self, source: Path) -> "ToyEncoderLayers":
        return ToyEncoderLayers(3 + len(words_of(source)))

    def load(self, folder: Path) -> "ToyEncoderLayers":
        try:
            layers = ToyEncoderLayers(json.loads((folder / "config.json").read_text())["rows"])
            layers.load_state_dict(load_file(folder / WEIGHTS))
        except OSError as error:
            raise MissingError(f"cannot load the encoder: {error}", str(folder), "Train it again") from error
        return layers


def words_of(folder: Path) -> list[str]:
    return (folder / LIST).read_text("utf-8").split()


class ToyCutter:
    """A word is a piece; one that the list lacks is the unknown one."""

    unknown = UNKNOWN

    def __init__(self, words: Sequence[str], settings: CutSettings) -> None:
        self.ids = {word: number for number, word in enumerate(words, start=3)}
        self.settings = settings

    def post(self, words: Sequence[Word]) -> Pieces:
        room = self.settings.text_pieces - 1
        ids = [self.ids.get(word.text.lower(), UNKNOWN) for word in words]
        windows = tuple((BEGIN, *ids[at : at + room]) for at in range(0, max(len(ids), 1), room))
        return Pieces(windows, tuple((at // room, 1 + at % room) for at in range(len(ids))))

    def knowledge(self, text: str) -> tuple[int, ...]:
        return (BEGIN, *self.appended(text))[: self.settings.knowledge_pieces]

    def appended(self, text: str) -> tuple[int, ...]:
        words = text.lower().split()[: self.settings.knowledge_pieces]
        return tuple(self.ids.get(word, UNKNOWN) for word in words)

    def unread(self, text: str) -> tuple[str, ...]:  # noqa: ARG002
        return ()


class ToyEncoderLayers(EncoderLayers):
    """A table, and a layer over it."""

    family = "toy"
    width = WIDTH

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.table = nn.Embedding(rows, WIDTH, padding_idx=0)
        self.layer = nn.Linear(WIDTH, WIDTH)

    def forward(self, ids: Tensor, mask: Tensor, **extra: Any) -> Tensor:  # noqa: ARG002
        return torch.tanh(self.layer(self.table(ids))) * mask[..., None]

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"rows": self.table.num_embeddings}))
        save_file({name: one.contiguous() for name, one in self.state_dict().items()}, folder / WEIGHTS)


@dataclass(frozen=True, slots=True)
class ToyShape(EncoderShape):
    """Its sizes."""

    width: int
    depth: int
    rows: int

    @property
    def parameters(self) -> int:
        return self.embedded + WIDTH * (WIDTH + 1)

    @property
    def embedded(self) -> int:
        return self.rows * WIDTH

    def kept(self, rows: int, pieces: int, way: Way, pooled: bool) -> int:  # noqa: ARG002
        return 8 * rows * pieces * WIDTH

    def work(self, rows: int, pieces: int, way: Way) -> int:  # noqa: ARG002
        return 4 * rows * pieces * WIDTH

    def at_work(self, rows: int, pieces: int) -> int:
        return 8 * rows * pieces * WIDTH
