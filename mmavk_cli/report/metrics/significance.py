"""How sure a number is: 95 % intervals by the bootstrap, p-values by approximate randomisation, both over posts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmavk_cli.base.settings import Settings, setting
from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.f1 import scores_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ALPHA = 0.05
"""A gap whose p-value is not under it is not called one."""

ENDS = (2.5, 97.5)
"""Percentiles between which 95 % of the draws lie."""

Interval = tuple[float, float]


class ResamplingSettings(Settings):
    """How often posts are drawn."""

    resamples: int = setting(1000, "Bootstrap resamples of the posts for each 95 % interval.", ge=100)
    swaps: int = setting(10000, "Random swaps for each p-value.", ge=100)
    resampling_seed: int = setting(1, "Random seed of resamples, swaps and shuffled pairings.", ge=0)


@dataclass(frozen=True, slots=True)
class Difference:
    """F1 of a first system minus that of a second on the same posts, in percent; `p` is two-sided."""

    difference: float
    interval: Interval
    p: float
    significant: bool


def intervals(groups: Mapping[str, Sequence[Count]], settings: ResamplingSettings) -> dict[str, Interval | None]:
    """The 95 % interval of each group's F1, None where it has no name of the gold; all groups are counted over the same
    posts.
    """
    from mmavk_cli.report.metrics.resampling import resampled, table

    if not groups:
        return {}
    draws = resampled(table(list(groups.values())), settings.resamples, settings.resampling_seed)
    return {name: interval(draws[:, number]) for number, name in enumerate(groups)}


def difference(first: Sequence[Count], second: Sequence[Count], settings: ResamplingSettings) -> Difference:
    """The paired difference of two systems. `p` is the share of swaps with a gap at least as wide, the gap itself
    counted as one of them, so that it is never 0.
    """
    from mmavk_cli.report.metrics.resampling import resampled, swapped, table

    both = table([first, second])
    draws = resampled(both, settings.resamples, settings.resampling_seed)
    gap = scores_of(first).f1 - scores_of(second).f1
    chance = abs(swapped(both[:, 0], both[:, 1], settings.swaps, settings.resampling_seed))
    wider = int((chance >= abs(gap) - 1e-9).sum())  # equal gaps differ in their last bits
    p = (wider + 1) / (settings.swaps + 1)
    return Difference(gap, interval(draws[:, 0] - draws[:, 1]) or (gap, gap), p, p < ALPHA)


def holm(ps: Sequence[float]) -> list[float]:
    """P-values of several tests made at once, each large enough to be held against one level (Holm, 1979)."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    adjusted, least = [0.0] * len(ps), 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, ps[index] * (len(ps) - rank)))
        adjusted[index] = least
    return adjusted


def interval(draws: "npt.NDArray[np.float64]") -> Interval | None:
    """The range that holds 95 % of the draws that are numbers; None where none is."""
    import numpy as np

    numbers = draws[~np.isnan(draws)]
    if not len(numbers):
        return None
    low, high = np.percentile(numbers, ENDS)
    return float(low), float(high)
