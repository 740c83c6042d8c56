"""The memory that a training will take, from its settings and the encoder's config."""

from collections.abc import Callable

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Json
from mmavk_cli.flows.train.corpus import Corpus
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.training.memory_estimate import GIB, Plan, estimate


def plan_of(settings: TrainSettings, corpus: Corpus) -> Plan:
    """What is to be trained.

    Raises:
        MissingError: the encoder's sizes are not known.
    """
    shape = ENCODERS[settings.encoder_kind]().shape(settings.encoder)
    return Plan(shape, settings, settings, tag_names(corpus.types), corpus.features)


def tell_memory(settings: TrainSettings, corpus: Corpus, on_log: Callable[[Json], None]) -> None:
    """Before a training on a GPU: what it will take of it at most. An encoder of unknown sizes is no fault here."""
    import torch

    if not torch.cuda.is_available():
        return
    try:
        plan = plan_of(settings, corpus)
    except MissingError as error:
        on_log({"memory": str(error)})
        return
    memory = estimate(plan, "cuda")
    room = torch.cuda.get_device_properties(0).total_memory
    line = {"memory_gib": round(memory.peak / GIB, 2), "card_gib": round(room / GIB, 2), "fits": memory.fits(room)}
    on_log(line | ({"note": plan.shape.doubt} if plan.shape.doubt else {}))
