"""How much memory a CLIP takes, from its settings alone: neither torch nor open_clip is loaded."""

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Json
from mmavk_cli.similarity.clip_source import CONFIG, LIBRARY, ClipSource

_LIVE = 14
"""Vectors of a layer's width, a place, that are alive at once in it. Measured with ViT-B/32, batches of 32 in float32:
15 with pictures, 12 with texts."""


@dataclass(frozen=True, slots=True)
class Tower:
    """A transformer's sizes; `places` are patches or tokens, `ratio` how many times wider its inner layer is."""

    width: int
    layers: int
    places: int
    ratio: float

    @property
    def parameters(self) -> int:
        """Numbers in its layers."""
        inner = int(self.ratio * self.width)
        return self.layers * (4 * self.width * self.width + 2 * self.width * inner + 9 * self.width + inner)


@dataclass(frozen=True, slots=True)
class ClipSize:
    """What a CLIP takes: `parameters` numbers in its weights, `pixels` of a picture (three colours), its two towers."""

    parameters: int
    pixels: int
    vision: Tower
    text: Tower

    @classmethod
    def of(cls, config: Json, where: str) -> "ClipSize":
        """From open_clip's settings of a model, where both towers are transformers of its own.

        Raises:
            MissingError: they are something else.
        """
        try:
            seen, read, shared = config["vision_cfg"], config["text_cfg"], int(config["embed_dim"])
            side, patch = int(seen["image_size"]), int(seen["patch_size"])
            vision = Tower(int(seen["width"]), int(seen["layers"]), (side // patch) ** 2 + 1, seen.get("mlp_ratio", 4))
            text = Tower(int(read["width"]), int(read["layers"]), int(read["context_length"]), read.get("mlp_ratio", 4))
            words = int(read["vocab_size"])
        except (KeyError, TypeError) as error:
            fault = "lacks" if isinstance(error, KeyError) else "has a value of the wrong type:"
            what = f"CLIP's configuration {fault} {error}"
            raise MissingError(what, where, "Take a ViT, such as ViT-B-32/openai") from error
        # patches, the place of the class, positions, two normalisations, projection; words, positions, one, projection
        sight = vision.width * (3 * patch * patch + 1 + vision.places + 4 + shared)
        language = text.width * (words + text.places + 2 + shared)
        total = vision.parameters + text.parameters + sight + language + 1
        return cls(total, 3 * side * side, vision, text)

    def weights(self, number_bytes: int) -> int:
        """Bytes of all weights."""
        return self.parameters * number_bytes

    def batch(self, batch: int, number_bytes: int) -> int:
        """Bytes that a batch of pictures or of texts takes beside the weights, whichever is more."""
        places = max(self.vision.places * self.vision.width, self.text.places * self.text.width)
        return batch * (self.pixels + _LIVE * places) * number_bytes


def clip_config(source: ClipSource) -> Json:
    """open_clip's settings of a model: of the folder, else those that open_clip ships.

    Raises:
        MissingError: there are none, or they cannot be read.
    """
    if source.folder is not None:
        path = source.folder / CONFIG
    else:
        package = find_spec("open_clip")
        if package is None or package.origin is None:
            raise MissingError(f"{LIBRARY} is not installed", "--clip", f"Run: pip install {LIBRARY}")
        path = Path(package.origin).parent / "model_configs" / f"{source.model}.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        return dict(found["model_cfg"] if source.folder is not None else found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MissingError(
            f"cannot read CLIP's configuration: {error}", str(path), "Take another with --clip"
        ) from error
