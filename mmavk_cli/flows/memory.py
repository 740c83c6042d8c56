"""The memory that a training will take, from its settings and the encoder's config."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Json
from mmavk_cli.tagger.memory import GIB, KNOWN, Device, Memory, Shape, estimate

if TYPE_CHECKING:
    from mmavk_cli.flows.train import TrainSettings


def encoder_shape(encoder: str) -> Shape:
    """The sizes of an encoder; XLM-R's are known without its files.

    Raises:
        MissingError: there is no config of that encoder, or it does not tell.
    """
    from mmavk_cli.tagger.encoder import encoder_folder

    try:
        path = encoder_folder(encoder) / "config.json"
        return Shape.of(json.loads(path.read_text("utf-8")), str(path))
    except (MissingError, ValueError):
        known = KNOWN.get(encoder.rpartition("/")[2])
        if known is None:
            raise
        return Shape.of(known, encoder)


def training_memory(settings: "TrainSettings", device: Device) -> Memory:
    """What a training with these settings takes.

    Raises:
        MissingError: the encoder's sizes are not known.
    """
    return estimate(encoder_shape(settings.encoder), settings, settings, device)


def tell_memory(settings: "TrainSettings", tell: Callable[[Json], None]) -> None:
    """Before a training on a GPU: what it will take of it at most. An encoder of unknown sizes is no fault here."""
    import torch

    if not torch.cuda.is_available():
        return
    try:
        memory = training_memory(settings, "cuda")
    except MissingError as error:
        tell({"memory": str(error)})
        return
    room = torch.cuda.get_device_properties(0).total_memory
    tell({"memory_gib": round(memory.peak / GIB, 2), "card_gib": round(room / GIB, 2), "fits": memory.fits(room)})
