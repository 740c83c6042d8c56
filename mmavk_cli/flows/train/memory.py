"""The memory that a training will take, from its settings and the encoder's config."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Json
from mmavk_cli.tagger.training.memory_estimate import GIB, KNOWN, Shape, estimate

if TYPE_CHECKING:
    from mmavk_cli.flows.train.train import Corpus, TrainSettings


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


def tell_memory(settings: "TrainSettings", corpus: "Corpus", tell: Callable[[Json], None]) -> None:
    """Before a training on a GPU: what it will take of it at most. An encoder of unknown sizes is no fault here."""
    import torch

    if not torch.cuda.is_available():
        return
    try:
        shape = encoder_shape(settings.encoder)
    except MissingError as error:
        tell({"memory": str(error)})
        return
    memory = estimate(shape, settings, settings, "cuda", corpus.visual, len(corpus.types))
    room = torch.cuda.get_device_properties(0).total_memory
    line = {"memory_gib": round(memory.peak / GIB, 2), "card_gib": round(room / GIB, 2), "fits": memory.fits(room)}
    tell(line | ({"note": doubt(shape)} if doubt(shape) else {}))
