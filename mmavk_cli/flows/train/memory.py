"""The memory that a training will take, from its settings and the encoder's config."""

from collections.abc import Callable

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Json
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.training.memory_estimate import GIB, Plan, estimate


def plan_of(settings: TrainSettings, tags: tuple[str, ...], features: tuple[int, ...]) -> Plan:
    """What `settings` train.

    Raises:
        MissingError: the encoder's sizes are not known.
    """
    shape = ENCODERS[settings.encoder_kind]().shape(settings.encoder)
    return Plan(shape, settings, settings, tags, features)


def tell_memory(
    settings: TrainSettings, tags: tuple[str, ...], features: tuple[int, ...], on_log: Callable[[Json], None]
) -> None:
    """Before a training on a GPU: what it will take of it at most. An encoder of unknown sizes is no fault here.

    Args:
        settings: of the training.
        tags: tag names, `O` first.
        features: shape of a picture's features.
        on_log: gets the line.
    """
    import torch

    if not torch.cuda.is_available():
        return
    try:
        plan = plan_of(settings, tags, features)
    except MissingError as error:
        on_log({"memory": str(error)})
        return
    memory = estimate(plan, "cuda")
    room = torch.cuda.get_device_properties(0).total_memory
    line = {"memory_gib": round(memory.peak / GIB, 2), "card_gib": round(room / GIB, 2), "fits": memory.fits(room)}
    on_log(line | ({"note": plan.shape.doubt} if plan.shape.doubt else {}))
