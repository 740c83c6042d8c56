"""F1 over resampled and swapped posts, in NumPy. Each post is counted once; what is drawn again are the counts."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from mmavk_cli.report.metrics.counts import Count

Floats = npt.NDArray[np.float64]

AT_ONCE = 250
"""Swaps that are drawn together; what memory holds, times the posts."""


def f1(counts: Floats) -> Floats:
    """F1 in percent of summed counts (right, spurious, missed) in the last axis; 0 where there are no names."""
    right, spurious, missed = counts[..., 0], counts[..., 1], counts[..., 2]
    whole = 2 * right + spurious + missed
    return 100 * np.divide(2 * right, whole, out=np.zeros_like(whole), where=whole > 0)


def table(groups: Sequence[Sequence[Count]]) -> Floats:
    """Counts of G groups over the same N posts as [N, G, 3]."""
    return np.array(groups, np.float64).transpose(1, 0, 2)


def resampled(counts: Floats, resamples: int, seed: int) -> Floats:
    """F1 of G groups [R, G] in R draws of N posts with replacement; all groups see the same draws. A draw without a
    name of the gold says nothing of a group: not a number.

    Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, chapter 13 (the percentile interval).
    """
    random = np.random.default_rng(seed)
    posts, groups, parts = counts.shape
    flat = counts.reshape(posts, groups * parts)
    sums = np.empty((resamples, groups * parts))
    for row in sums:
        times = np.bincount(random.integers(posts, size=posts), minlength=posts)
        row[:] = times @ flat
    drawn = sums.reshape(resamples, groups, parts)
    gold = drawn[..., 0] + drawn[..., 2]
    return np.where(gold > 0, f1(drawn), np.nan)


def swapped(first: Floats, second: Floats, swaps: int, seed: int) -> Floats:
    """Differences of F1 [S] when the two systems' counts [N, 3] trade places in each post with probability 1/2.

    Args:
        first: counts of the first system [N, 3].
        second: counts of the second [N, 3].
        swaps: number of draws S.
        seed: of the draws.

    Source: A. Yeh, More accurate tests for the statistical significance of result differences, COLING 2000.
    """
    total, apart = (first + second).sum(axis=0), first - second
    apart = apart[apart.any(axis=1)]  # a post that both tag alike changes nothing
    found = [f1((total + moved) / 2) - f1((total - moved) / 2) for moved in _signed(apart, swaps, seed)]
    return np.concatenate(found)


def _signed(apart: Floats, swaps: int, seed: int) -> Iterator[Floats]:
    random = np.random.default_rng(seed)
    for begin in range(0, swaps, AT_ONCE):
        signs = 2.0 * random.integers(2, size=(min(AT_ONCE, swaps - begin), len(apart))) - 1
        yield signs @ apart
