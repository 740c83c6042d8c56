"""Every two of several systems held against each other, and what may be said of each gap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.significance import ALPHA, Difference, ResamplingSettings, difference, holm

CHANCE = "no gap that is more than chance"


@dataclass(frozen=True, slots=True)
class Gap:
    """F1 of `first` minus that of `second`. With more than two systems `p` is Holm's: all may be held against 0.05."""

    first: str
    second: str
    gap: Difference


def gaps(
    names: Sequence[str],
    counts: Sequence[Sequence[Count]],
    settings: ResamplingSettings,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[Gap, ...]:
    """The gap of every two systems: their names, and what each found in the same posts.

    Args:
        names: of the systems.
        counts: of each system, by post.
        settings: of intervals and tests.
        on_progress: is called with the number of pairs done.
    """
    pairs = list(combinations(range(len(names)), 2))
    found = []
    for one, other in pairs:
        found.append(Gap(names[one], names[other], difference(counts[one], counts[other], settings)))
        if on_progress is not None:
            on_progress(len(found), len(pairs))
    ps = holm([one.gap.p for one in found])
    return tuple(
        replace(one, gap=replace(one.gap, p=p, significant=p < ALPHA)) for one, p in zip(found, ps, strict=True)
    )


def gap_text(gap: Difference) -> str:
    """A difference of F1 with what is known of it."""
    low, high = gap.interval
    return f"{gap.difference:+.2f}, 95 % interval {low:+.2f} to {high:+.2f}, p = {gap.p:.4f}"


def sentence(gap: Gap) -> str:
    """What may be said of two systems."""
    numbers = f"{gap.first} minus {gap.second}: F1 {gap_text(gap.gap)}"
    if not gap.gap.significant:
        return f"{numbers}: {CHANCE}"
    return f"{numbers}: {gap.first if gap.gap.difference > 0 else gap.second} is better"
