"""What the similarities of many posts look like, and what a threshold would do to them."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from mmavk_cli.base.records import Json

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
WIDTHS = (0.005, 0.01, 0.02, 0.05, 0.1)
"""Widths a bin may have."""

MOST_BINS = 30


@dataclass(frozen=True, slots=True)
class Bin:
    """Similarities from `low` on and under `high`; `under` is the share of all that is under `high`."""

    low: float
    high: float
    posts: int
    under: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """Similarities in numbers. `gated` has the share under each threshold, by the threshold as it was given."""

    posts: int
    mean: float
    median: float
    lowest: float
    highest: float
    quantiles: dict[str, float]
    gated: dict[str, float]
    bins: tuple[Bin, ...]

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self)


def distribution(similarities: Sequence[float], thresholds: Sequence[float]) -> Distribution | None:
    """Mean, median, quantiles (linear between neighbours), the share under each threshold, a histogram.

    None where there is no similarity.
    """
    if not similarities:
        return None
    ordered = sorted(similarities)
    return Distribution(
        posts=len(ordered),
        mean=sum(ordered) / len(ordered),
        median=_quantile(ordered, 0.5),
        lowest=ordered[0],
        highest=ordered[-1],
        quantiles={f"{share:g}": _quantile(ordered, share) for share in QUANTILES},
        gated={f"{cut:g}": bisect_left(ordered, cut) / len(ordered) for cut in thresholds},
        bins=_bins(ordered),
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _bins(ordered: Sequence[float]) -> tuple[Bin, ...]:
    """Bins of one width, their edges whole multiples of it."""
    width = next((one for one in WIDTHS if (ordered[-1] - ordered[0]) / one <= MOST_BINS - 2), WIDTHS[-1])
    first, last = round(ordered[0] / width) - 1, round(ordered[-1] / width) + 1
    edges = [round(number * width, 6) for number in range(first, last + 1)]
    # a quotient may be a hair off: the bins begin and end where the similarities do
    edges = edges[bisect_right(edges, ordered[0]) - 1 : bisect_right(edges, ordered[-1]) + 1]
    under = [bisect_left(ordered, edge) for edge in edges[1:]]
    counts = [now - before for before, now in zip((0, *under), under, strict=False)]
    return tuple(
        Bin(low, high, posts, below / len(ordered))
        for low, high, posts, below in zip(edges[:-1], edges[1:], counts, under, strict=True)
    )
