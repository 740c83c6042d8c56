"""train --threshold learned|auto: the gates that training itself finds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.flows.shared.knowledge.attach import gated
from mmavk_cli.flows.shared.models import open_model
from mmavk_cli.similarity.gate import LEARNED, Gate, GateSettings, best_gate

if TYPE_CHECKING:
    from mmavk_cli.tagger.fusions.learned_gate import LearnedGate
    from mmavk_cli.tagger.inference.predictor import Predictor
    from mmavk_cli.tagger.model import TaggerNetwork

FEW = 0.1
"""Share of the knowledge under which a gate is told to be nearly closed."""

LET_THROUGH = "let_through"

Item = tuple[Post, Knowledge | None]
"""A post and its knowledge."""

Splits = dict[str, list[Item]]
"""A split of each data set."""


def regated(items: Sequence[Item], gate: Gate) -> list[Item]:
    """The same posts, their knowledge weighed by `gate`."""
    posts = [post for post, _ in items]
    knowledge = [one for _, one in items]
    return list(zip(posts, gated(knowledge, gate), strict=True))


def similarities(items: Sequence[Item]) -> Iterator[float]:
    """Of those posts whose knowledge has one."""
    return (one.similarity for _, one in items if one is not None and one.similarity is not None)


def let_through(items: Sequence[Item], gate: Gate) -> Json:
    """For the records: the threshold of a gate, and the share of the posts with knowledge whose similarity reaches it;
    empty where there is no gate or no knowledge.
    """
    there = [one for _, one in items if one is not None]
    if gate.threshold is None or not there:
        return {}
    share = sum(gate.opens(one.similarity) for one in there) / len(there)
    return {"threshold": gate.threshold, LET_THROUGH: round(share, 4)}


def hardly_open(found: Json) -> str | None:
    """What to say where a gate lets through so little that no training can learn from it; None where it is open."""
    share = found.get(LET_THROUGH, 1.0)
    if share >= FEW:
        return None
    what = "of no training post" if share == 0 else f"of {share:.1%} of the training posts"
    return f"the gate lets the knowledge {what} through (threshold {found['threshold']:.4g})"


def learning_gate(settings: GateSettings, gate: Gate) -> "LearnedGate | None":
    """What learns along with the tagger, from `gate` on; None for a gate that stays as it is."""
    if settings.threshold != LEARNED or gate.threshold is None or gate.steepness is None:
        return None
    from mmavk_cli.tagger.fusions.learned_gate import LearnedGate

    return LearnedGate(gate.threshold, gate.steepness)


def gate_now(network: "TaggerNetwork", gate: Gate) -> Gate:
    """The gate as far as it has learned; `gate` itself where it does not learn."""
    if network.fusion.gate is None:
        return gate
    centre, steepness = network.fusion.gate.values()
    return Gate(centre, steepness=steepness)


def choose_gate(
    folder: Path, valid: Splits, settings: GateSettings, validate: "Callable[[Predictor, Splits], Json]"
) -> Json:
    """Give the checkpoint in `folder` the gate of the best validation F1; returns the scores with it.

    Args:
        folder: of the checkpoint.
        valid: posts and knowledge of each validation split.
        settings: the gate's settings.
        validate: scores a predictor on the validation splits.
    """
    from mmavk_cli.tagger.inference.cached_predictor import CachedPredictor

    opened, config = open_model(str(folder))
    predictor = CachedPredictor(opened)

    def scores(gate: Gate) -> Json:
        return validate(predictor, {name: regated(items, gate) for name, items in valid.items()})

    known = [one for items in valid.values() for one in similarities(items)]
    gate = best_gate(lambda tried: float(scores(tried)["f1"]), known, settings)
    replace(config, gate=asdict(gate)).write(folder)
    return {**scores(gate), "threshold": gate.threshold}
