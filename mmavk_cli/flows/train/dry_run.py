"""train --dry-run: what a training would do and take, without a model."""

import math
from dataclasses import asdict, dataclass, replace

from mmavk_cli.base.device import CARD
from mmavk_cli.base.records import Json
from mmavk_cli.flows.train.corpus import read_corpus
from mmavk_cli.flows.train.long_names import long_names
from mmavk_cli.flows.train.memory import plan_of
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.tagger.training.memory_estimate import GIB, Plan, estimate


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would be.

    Attributes:
        counts: posts, those without knowledge and the share gated, a split.
        types: what would be learned, and types of a validation split that would not.
        long_names: how many names of a split are longer than the decoder can find.
        updates: in an epoch, in all, and with a rising learning rate.
        parameters: of the encoder.
        memory: GiB on a GPU, a row a way to train; with whether it fits a card of 24 GB.
        note: why the two may be far off; empty where nothing speaks against them.
        settings: all that hold, by name.
    """

    counts: dict[str, Json]
    types: list[Json]
    long_names: list[Json]
    updates: Json
    parameters: int
    memory: list[Json]
    note: str
    settings: Json

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self)


def dry_run(settings: TrainSettings) -> DryRun:
    """Read the data, count, and estimate; no weights are loaded.

    Raises:
        DataError: a data set. KnowledgeError: no such knowledge. MissingError: the encoder's sizes are not known.
    """
    corpus = read_corpus(settings)
    epoch = math.ceil(len(corpus.train) / settings.batch_size)
    whole = epoch * settings.epochs
    made = plan_of(settings, corpus)
    ways = [(precision, again) for precision in ("float32", "bfloat16") for again in (False, True)]
    return DryRun(
        counts=corpus.counts,
        types=list(corpus.of_types()),
        long_names=list(long_names(settings, corpus)),
        updates={"epoch": epoch, "all": whole, "warm-up": round(settings.warmup * whole)},
        parameters=made.shape.parameters,
        memory=[_memory(settings, made, precision, again) for precision, again in ways],
        note=made.shape.doubt,
        settings=settings.model_dump(mode="json", exclude={"dry_run", "quiet", "verbose", "traceback"}),
    )


def _memory(settings: TrainSettings, made: Plan, precision: str, again: bool) -> Json:
    way = settings.model_copy(update={"precision": precision, "gradient_checkpointing": again})
    memory = estimate(replace(made, training=way), "cuda")
    parts = {name: getattr(memory, name) for name in ("weights", "gradients", "optimizer", "activations", "peak")}
    return {
        "precision": precision,
        "gradient_checkpointing": again,
        "parts": {name: round(number / GIB, 2) for name, number in parts.items()},
        "fits_24_gb": memory.fits(CARD),
        "chosen": (precision, again) == (settings.precision, settings.gradient_checkpointing),
    }
