"""One number over several seeds, and scores of a system that was trained with several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.f1 import Scores, scores_of
from mmavk_cli.report.metrics.significance import Interval, ResamplingSettings, interval


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and sample standard deviation (n - 1); None for the latter where there is one number."""

    mean: float
    sd: float | None

    def __str__(self) -> str:
        return f"{self.mean:.2f}" if self.sd is None else f"{self.mean:.2f}±{self.sd:.2f}"


@dataclass(frozen=True, slots=True)
class SeedScores:
    """Scores over seeds in percent. `interval` is the bootstrap's for the mean F1: it tells of other posts, `sd` of
    other seeds.
    """

    precision: Spread
    recall: Spread
    f1: Spread
    gold: int
    interval: Interval | None = None

    def ends(self) -> str:
        """The interval for people, empty where none was drawn."""
        return "{:.1f}-{:.1f}".format(*self.interval) if self.interval else ""


def seeds_text(seeds: Sequence[int]) -> str:
    """`seed 1`, `seeds 1, 2`."""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation of one value or more."""
    return Spread(fmean(values), stdev(values) if len(values) > 1 else None)


def seed_scores(counts: Mapping[int, Sequence[Count]], settings: ResamplingSettings) -> SeedScores:
    """Scores of one or more seeds over the same posts, with an interval."""
    scores = spread_scores([scores_of(one) for one in counts.values()])
    return replace(scores, interval=mean_interval(counts, settings))


def spread_scores(rows: Sequence[Scores]) -> SeedScores:
    """Scores of each seed, at least one, put together."""
    return SeedScores(
        spread([row.precision for row in rows]),
        spread([row.recall for row in rows]),
        spread([row.f1 for row in rows]),
        rows[0].gold,
    )


def mean_interval(counts: Mapping[int, Sequence[Count]], settings: ResamplingSettings) -> Interval | None:
    """The 95 % bootstrap interval over posts of the mean F1, None where the gold has no names; all seeds see the same
    draws.
    """
    from mmavk_cli.report.metrics.resampling import resampled, table

    draws = resampled(table(list(counts.values())), settings.resamples, settings.resampling_seed)
    return interval(draws.mean(axis=1))


def summed(counts: Mapping[int, Sequence[Count]]) -> list[Count]:
    """Each post's counts added up over the seeds: what a paired test swaps in whole posts."""
    return [
        Count(*(sum(part) for part in zip(*of_post, strict=True))) for of_post in zip(*counts.values(), strict=True)
    ]
