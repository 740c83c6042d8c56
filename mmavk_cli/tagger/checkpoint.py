"""A trained tagger on disk: `tagger.json`, `head.safetensors`, `tokenizer.json` and the encoder's folder."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import ValidationError

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.files import unfinished_folder
from mmavk_cli.base.records import Json
from mmavk_cli.base.renamed import current
from mmavk_cli.spans import split_tag, tag_names
from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.settings import PieceSettings

FORMAT = 1
CONFIG, HEAD, TOKENIZER, ENCODER, ONNX = "tagger.json", "head.safetensors", "tokenizer.json", "encoder", "encoder.onnx"
FROZEN, FROZEN_ONNX = "knowledge-encoder", "knowledge-encoder.onnx"


RECIPES, SCORER, SCORER_ID = "recipes", "scorer", "scorer_id"
"""What `trained` says of the knowledge: its recipes, who scored it (`text` or `clip`), and that scorer's id."""

FINE, CUT_OTHERWISE = "fine", "cut_otherwise"
"""What `trained` says where data sets' own words were kept: by which rules raw text is cut (`corpus/tokenize.py`), and
the share of training posts that these would have cut otherwise."""


@dataclass(frozen=True, slots=True)
class TaggerConfig:
    """What a checkpoint says of itself.

    Attributes:
        tags: tag names, `O` first; the order of the CRF.
        pieces: how words and knowledge were cut.
        encoder: what it was trained from.
        trained: data sets, knowledge and seed, for people.
        gate: from similarity to weight, as the settings of the gate that training used or found.
        visual: shape of a picture's features, `()` where the fusion reads none.
        name: what output records call it.
        frozen: knowledge is read by an encoder of its own, which training left as it was.
        encoder_kind: what kind of network the encoder is.
        decoder: how entities are found.
    """

    tags: tuple[str, ...]
    pieces: PieceSettings
    encoder: str
    trained: Json = field(default_factory=dict)
    gate: Json = field(default_factory=dict)
    visual: tuple[int, ...] = ()
    name: str = ""
    frozen: bool = False
    encoder_kind: str = "transformer"
    decoder: str = "crf"

    @property
    def fine(self) -> bool:
        """Whether raw text is cut by mmavk's own rules, also where the model was trained on a data set's words."""
        return bool(self.trained.get(FINE, True))

    def write(self, folder: Path) -> None:
        """Write `tagger.json` into `folder`."""
        content = {**asdict(self), "pieces": self.pieces.model_dump(), "format": FORMAT}
        (folder / CONFIG).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", "utf-8")

    @classmethod
    def read(cls, folder: Path) -> "TaggerConfig":
        """Read `tagger.json`.

        Raises:
            MissingError: there is none, or it is not one of ours.
        """
        path = folder / CONFIG
        try:
            content = json.loads(path.read_text("utf-8"))
            if (found := content.pop("format")) != FORMAT:
                what = f"unsupported checkpoint format {found!r} (expected {FORMAT})"
                raise MissingError(what, str(path), "Use the mmavk that wrote it")
            tags, pieces = _tags(content.pop("tags")), PieceSettings(**current(content.pop("pieces"), "train"))
            return _known(cls(tags=tags, pieces=pieces, visual=_shape(content.pop("visual", 0)), **content))
        except OSError as error:
            begun = unfinished_folder(folder).is_dir()
            advice = "Its training is unfinished: --resume continues it" if begun else "Name a run or a model folder"
            raise MissingError("no checkpoint here", str(path), advice) from error
        except (ValueError, KeyError, TypeError, AttributeError, ValidationError, RecursionError) as error:
            raise MissingError(f"the checkpoint is broken: {error}", str(path), "Train or export it again") from error


_KINDS = {"encoder": str, "trained": dict, "gate": dict, "name": str, "frozen": bool}
"""What fields of `tagger.json` hold that are taken as they are."""


def _tags(names: list[str]) -> tuple[str, ...]:
    types = dict.fromkeys(split_tag(name)[1] for name in names[1:])
    if names != list(tag_names(tuple(types))):
        raise ValueError(f"{names} is not a list of tags")
    return tuple(names)


def _known(config: TaggerConfig) -> TaggerConfig:
    """The same, where its fields are what they should be and there are such parts."""
    for name, kind in _KINDS.items():
        if not isinstance(getattr(config, name), kind):
            raise TypeError(f"{name!r} is not a {kind.__name__}")
    for name in (RECIPES, "datasets"):
        if not isinstance(config.trained.get(name) or [], list):
            raise TypeError(f"{name!r} of 'trained' is not a list")
    ENCODERS.check(config.encoder_kind)
    DECODERS.check(config.decoder)
    return config


def _shape(value: int | list[int]) -> tuple[int, ...]:
    """Checkpoints of 0.1 say how many numbers a vector has, 0 for none."""
    if isinstance(value, int):
        return (value,) if value else ()
    return tuple(map(int, value))


def model_folder(name: Path) -> Path:
    """The model's folder of a run folder, or the folder itself."""
    inner = name / "model"
    return inner if (inner / CONFIG).is_file() else name
