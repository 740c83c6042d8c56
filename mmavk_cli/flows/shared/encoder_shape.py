"""The sizes of an encoder, from its config."""

import json
from typing import TYPE_CHECKING

from mmavk_cli.base.errors import MissingError
from mmavk_cli.tagger.training.memory_estimate import KNOWN, Shape

if TYPE_CHECKING:
    pass


def encoder_shape(encoder: str) -> Shape:
    """The sizes of an encoder; XLM-R's are known without its files.

    Raises:
        MissingError: there is no config of that encoder, or it does not tell.
    """
    from mmavk_cli.tagger.encoders.transformer import encoder_folder

    try:
        path = encoder_folder(encoder) / "config.json"
        return Shape.of(json.loads(path.read_text("utf-8")), str(path))
    except (MissingError, ValueError):
        known = KNOWN.get(encoder.rpartition("/")[2])
        if known is None:
            raise
        return Shape.of(known, encoder)


def doubt(shape: Shape) -> str:
    """Why an estimate for this encoder may be far off; empty where nothing speaks against it."""
    return "" if shape.like_bert else f"counted as if {shape.family} were built like BERT: the numbers may be far off"
