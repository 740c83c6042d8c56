"""The memory that a training will take, from its settings and the encoder's config."""

from collections.abc import Callable

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Json
from mmavk_cli.flows.shared.encoder_shape import doubt, encoder_shape
from mmavk_cli.flows.train.corpus import Corpus
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.tagger.training.memory_estimate import GIB, estimate


def tell_memory(settings: TrainSettings, corpus: Corpus, on_log: Callable[[Json], None]) -> None:
    """Before a training on a GPU: what it will take of it at most. An encoder of unknown sizes is no fault here."""
    import torch

    if not torch.cuda.is_available():
        return
    try:
        shape = encoder_shape(settings.encoder)
    except MissingError as error:
        on_log({"memory": str(error)})
        return
    memory = estimate(shape, settings, settings, "cuda", corpus.visual, len(corpus.types))
    room = torch.cuda.get_device_properties(0).total_memory
    line = {"memory_gib": round(memory.peak / GIB, 2), "card_gib": round(room / GIB, 2), "fits": memory.fits(room)}
    on_log(line | ({"note": doubt(shape)} if doubt(shape) else {}))
