"""The gate: similarity → the weight of the knowledge in the fusion (paper, sections 3.1 and 4.4)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import field_validator

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.settings import Settings, setting

NONE, AUTO, LEARNED, QUANTILE = "none", "auto", "learned", "quantile:"

TRIED = 19
"""Thresholds that `auto` tries: so many quantiles of the similarities, evenly spread, and none at all."""

SLOPE, NARROWEST = 4.0, 0.01
"""Where a learned gate begins: its sigmoid takes the middle 80 % of the similarities from 12 % to 88 % (±SLOPE / 2). A
range narrower than NARROWEST counts as that wide."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A pure function from similarity to weight; saved with a checkpoint, so that tagging gates as training did.

    Attributes:
        threshold: similarity from which on knowledge counts in full; None: all knowledge does.
        below: weight of the knowledge under it.
        ramp: over so much similarity under the threshold the weight rises evenly from `below` to 1.
        steepness: not None for a learned gate: the weight is the logistic function of
            `steepness * (similarity - threshold)`.
    """

    threshold: float | None = None
    below: float = 0.0
    ramp: float = 0.0
    steepness: float | None = None

    def weight(self, similarity: float | None) -> float:
        """Weight in [0, 1]. What has no similarity, or one that is not a number, is under every threshold."""
        if self.threshold is None:
            return 1.0
        if similarity is None or math.isnan(similarity):
            return self.below
        over = similarity - self.threshold
        if self.steepness is not None:
            return 0.5 * (1 + math.tanh(self.steepness * over / 2))
        if over >= 0:
            return 1.0
        if over <= -self.ramp:
            return self.below
        return 1.0 + (1.0 - self.below) * over / self.ramp

    def opens(self, similarity: float | None) -> bool:
        """Whether knowledge of this similarity reaches the threshold; all does where there is none."""
        return self.threshold is None or (similarity is not None and similarity >= self.threshold)


class BelowChoice(Settings):
    """How much knowledge under a threshold counts."""

    below: float | None = setting(
        None, "Weight of knowledge under the threshold, from 0 to 1. [default: the model's own, else 0]", ge=0, le=1
    )


class GateSettings(BelowChoice):
    """Which knowledge counts less, and how much."""

    threshold: str | None = setting(
        None,
        "Similarity under which knowledge counts less: a number in [-1, 1], or `none`: all knowledge has weight 1. "
        "Training also takes `quantile:0.85` (that share is under it), `auto` (the best on validation) and `learned` "
        "(a smooth gate, trained with the model). [default: the model's own]",
        metavar="CUT",
    )
    ramp: float | None = setting(
        None,
        "Width of the range under the threshold in which the weight rises linearly. [default: the model's own, else 0]",
        ge=0,
        le=2,
    )

    @field_validator("threshold", mode="before")
    @classmethod
    def _is_a_cut(cls, value: Any) -> str | None:
        if value in (None, NONE, AUTO, LEARNED):
            return value  # type: ignore[no-any-return]
        text = str(value)
        number = _number(text.removeprefix(QUANTILE))
        if text.startswith(QUANTILE):
            if not 0 <= number <= 1:
                raise ValueError(f"{value!r}: a quantile is from 0 to 1")
        elif not -1 <= number <= 1:
            raise ValueError(f"{value!r} is neither a number in [-1, 1] nor `none`, `auto`, `learned`, `quantile:0.85`")
        return text

    @property
    def found_by_training(self) -> bool:
        """Whether the threshold is no number that stands already."""
        return self.threshold not in (None, NONE) and math.isnan(_number(self.threshold))

    def gate(self, own: Gate) -> Gate:
        """The gate that holds, `own` being the model's.

        Raises:
            UsageError: the threshold is one that only training can find.
        """
        below = own.below if self.below is None else self.below
        ramp = own.ramp if self.ramp is None else self.ramp
        if self.threshold is None:
            return Gate(own.threshold, below, ramp, own.steepness)
        if self.threshold == NONE:
            return Gate()
        number = _number(self.threshold)
        if self.found_by_training:
            what = f"{self.threshold!r} can only be found by training"
            raise UsageError(what, "--threshold", "Give a number or `none`, or leave it out for the model's own")
        return Gate(number, below, ramp)

    def training_gate(self, similarities: Sequence[float]) -> Gate:
        """The gate that training begins with, from the similarities of the training posts that have knowledge.

        `auto` begins with all knowledge; `learned` with an even slope around the median.
        """
        if self.threshold == AUTO or not similarities:
            return Gate()
        if self.threshold == LEARNED:
            low, middle, high = (quantile(similarities, share) for share in (0.1, 0.5, 0.9))
            return Gate(middle, steepness=SLOPE / max(high - low, NARROWEST))
        if self.threshold is not None and self.threshold.startswith(QUANTILE):
            threshold = quantile(similarities, float(self.threshold.removeprefix(QUANTILE)))
            return Gate(threshold, self.below or 0.0, self.ramp or 0.0)
        return self.gate(Gate())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def quantile(similarities: Sequence[float], share: float) -> float:
    """The least similarity that at most this share of them are under.

    Raises:
        ValueError: there are none.
    """
    ordered = sorted(one for one in similarities if not math.isnan(one))
    if not ordered:
        raise ValueError("no similarities")
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def best_gate(score: Callable[[Gate], float], similarities: Sequence[float], settings: GateSettings) -> Gate:
    """The gate of the best score among no threshold and `TRIED` quantiles; of equals the one that gates least."""
    cuts = sorted({quantile(similarities, number / (TRIED + 1)) for number in range(1, TRIED + 1)})
    gates = [Gate(), *(Gate(cut, settings.below or 0.0, settings.ramp or 0.0) for cut in cuts)]
    scores = [score(gate) for gate in gates]
    return gates[scores.index(max(scores))]
