"""Whether a score of 0.9 is right nine times in ten."""

from collections.abc import Iterable
from dataclasses import dataclass

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Names with a score in (low, high]; a score of 0 is in the first. `score` is their mean score, `right` the share
    of them that are right.
    """

    low: float
    high: float
    names: int
    score: float
    right: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Bins that hold names, and the expected calibration error: the mean distance of `score` and `right`, weighted by
    the names in a bin (Guo et al., On Calibration of Modern Neural Networks, ICML 2017, equation 3). None: no names.
    """

    error: float | None
    bins: tuple[Bin, ...]


def calibration(scored: Iterable[tuple[float, bool]]) -> Calibration:
    """`scored`: the score of each name found, in [0, 1], and whether exactly this name is in the gold."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, right in scored:
        held[_bin(score)].append((score, right))
    names = sum(map(len, held))
    bins = tuple(_binned(number, one) for number, one in enumerate(held) if one)
    if not names:
        return Calibration(None, ())
    return Calibration(sum(one.names * abs(one.score - one.right) for one in bins) / names, bins)


def _binned(number: int, held: list[tuple[float, bool]]) -> Bin:
    score, right = (sum(part) / len(held) for part in zip(*held, strict=True))
    return Bin(number / BINS, (number + 1) / BINS, len(held), score, right)


def _bin(score: float) -> int:
    """The number of the bin, from 0."""
    number = 0
    while number < BINS - 1 and score > (number + 1) / BINS:
        number += 1
    return number
