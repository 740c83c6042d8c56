"""Figure 4: what a trained model scores when knowledge under a threshold counts nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from mmavk_cli.base.records import Json
from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.seeds import SeedScores, seed_scores, seeds_text, summed
from mmavk_cli.report.metrics.significance import ALPHA, ResamplingSettings, difference, holm
from mmavk_cli.report.table_section import Section

Counts = Mapping[int, Sequence[Count]]
"""Seed → what was found in each post."""


@dataclass(frozen=True, slots=True)
class Point:
    """Scores at one threshold. `gated` is the share of the posts with knowledge whose knowledge counts nothing; `p` is
    Holm's over all thresholds, of the gap to all knowledge.
    """

    threshold: float
    gated: float
    scores: SeedScores
    p: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """One data set's curve; `every` are the scores with all knowledge and `none` those without any."""

    dataset: str
    scorer: str
    encoder: str
    knowledge: str
    seeds: tuple[int, ...]
    points: tuple[Point, ...]
    every: SeedScores
    none: SeedScores
    notes: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """One JSON object; shares in [0, 1], scores in percent."""
        return asdict(self) | {"rule": "strict"}

    def section(self) -> Section:
        """The curve as a table for people."""
        head = ("threshold", "gated", "P", "R", "F1", "95 %")
        rows = [("none", "0.0 %", *_words(self.every))]
        rows += [(f"{one.threshold:.2f}", f"{one.gated:.1%}", *_words(one.scores)) for one in self.points]
        rows.append(("no knowledge", "100.0 %", *_words(self.none)))
        return Section(self._heading(), head, tuple(rows), (*self._remarks(), *self.notes))

    def _heading(self) -> str:
        return f"fig4 on {self.dataset} test, {self.knowledge}, strict, {seeds_text(self.seeds)}"

    def _remarks(self) -> list[str]:
        apart = [f"{one.threshold:.2f}" for one in self.points if one.p < ALPHA]
        best = max(self.points, key=lambda one: one.scores.f1.mean)
        return [
            f"encoder {self.encoder}; one model a seed, trained with all knowledge, scored at every threshold",
            f"similarity by {self.scorer}; the paper's is CLIP ViT-B/32 between post and picture",
            f"highest F1 {best.scores.f1} at {best.threshold:.2f}: chosen on the test split, so it flatters",
            f"more than chance apart from all knowledge (Holm): {', '.join(apart) or 'no threshold'}",
        ]


def swept(
    every: Counts, none: Counts, similarities: Sequence[float | None], thresholds: Sequence[float]
) -> tuple[Point, ...]:
    """The scores at each threshold, put together from the answers with all knowledge and with none: a post's answer
    depends on its own knowledge alone.

    `similarities`: of each post, None where it has no knowledge.

    Args:
        every: counts of each post with all knowledge, by seed.
        none: counts with all knowledge gated, by seed.
        similarities: of each post; None where it has no knowledge.
        thresholds: to score.
    """
    settings = ResamplingSettings()
    known = [one for one in similarities if one is not None]
    base = summed(every)
    found = []
    for threshold in thresholds:
        kept = [one is not None and one >= threshold for one in similarities]
        counts = {seed: _chosen(kept, own, none[seed]) for seed, own in every.items()}
        gap = difference(summed(counts), base, settings)
        gated = 1 - sum(kept) / len(known) if known else 0.0
        found.append(Point(threshold, gated, seed_scores(counts, settings), gap.p))
    ps = holm([one.p for one in found])
    return tuple(Point(one.threshold, one.gated, one.scores, p) for one, p in zip(found, ps, strict=True))


def _chosen(kept: Sequence[bool], own: Sequence[Count], other: Sequence[Count]) -> list[Count]:
    chosen = list(other)
    for at, (keep, count) in enumerate(zip(kept, own, strict=True)):
        if keep:
            chosen[at] = count
    return chosen


def _words(scores: SeedScores) -> tuple[str, ...]:
    return str(scores.precision), str(scores.recall), str(scores.f1), scores.ends()
