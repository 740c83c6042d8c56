"""compare: evaluated runs on the same posts → their scores, and which gaps are more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import field_validator

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.flows.shared.evaluated_run import EvaluatedRun, check_same, read_evaluated_run
from mmavk_cli.flows.shared.options import RUN_FOLDERS, Printed
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.flows.shared.seeds import seed_folders
from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.f1 import OVERALL, Scores, scores_of
from mmavk_cli.report.metrics.pairwise import Gap, gaps
from mmavk_cli.report.metrics.seeds import SeedScores, seed_scores, summed
from mmavk_cli.report.metrics.significance import ResamplingSettings, intervals

ALONE = -1
"""Stands for the seed of a run that is not in a folder of several."""


class CompareSettings(Printed, ResamplingSettings, Common):
    """Options of `mmavk compare`."""

    runs: list[Path] = setting(..., RUN_FOLDERS, here="Of mmavk eval, two or more.", argument=True, metavar="RUN")

    @field_validator("runs")
    @classmethod
    def _has_two(cls, runs: list[Path]) -> list[Path]:
        if len(runs) < 2:  # noqa: PLR2004
            raise ValueError("at least two runs are needed, each made by mmavk eval --out RUN")
        return runs


@dataclass(frozen=True, slots=True)
class Compared:
    """One run, or the seeds of one: what was scored, and its strict scores."""

    run: str
    model: str
    knowledge: str
    scores: Scores | SeedScores


@dataclass(frozen=True, slots=True)
class Comparison:
    """Strict scores of runs on the same posts of one split, and the gap of every two."""

    dataset: str
    split: str
    posts: int
    runs: tuple[Compared, ...]
    gaps: tuple[Gap, ...]

    def as_json(self) -> Json:
        """One JSON object; F1 and differences in percent."""
        content = asdict(self) | {"rule": "strict"}
        pairs = [{"first": one["first"], "second": one["second"], **one["gap"]} for one in content.pop("gaps")]
        return content | {"gaps": pairs}


def compare(settings: CompareSettings, on_progress: Progress) -> Comparison:
    """Compare evaluated runs.

    Raises:
        DataError: a folder is no run of mmavk eval, is broken, or was scored on other data than the first.
    """
    systems = [read_seeds(folder) for folder in settings.runs]
    first = _check_comparable(settings.runs, systems)
    counts = [_counts(system) for system in systems]
    names = [str(folder) for folder in settings.runs]
    heads = [next(iter(system.values())) for system in systems]
    compared = tuple(
        Compared(name, head.facts["model"], head.knowledge, _scores(one, settings))
        for name, head, one in zip(names, heads, counts, strict=True)
    )
    asked = first.facts["settings"]
    found = gaps(names, [summed(one) for one in counts], settings, on_progress)
    return Comparison(asked["dataset"], asked["split"], len(first.posts), compared, found)


def _counts(system: Mapping[int, EvaluatedRun]) -> dict[int, list[Count]]:
    return {seed: run.counts for seed, run in system.items()}


def read_seeds(folder: Path) -> dict[int, EvaluatedRun]:
    """The runs of a folder of several seeds, by seed; a run by itself under `ALONE`.

    Raises:
        DataError: one is no run of mmavk eval, or it is broken.
    """
    folders = seed_folders(folder) or {ALONE: folder}
    return {seed: read_evaluated_run(one) for seed, one in folders.items()}


def _check_comparable(folders: Sequence[Path], systems: Sequence[Mapping[int, EvaluatedRun]]) -> EvaluatedRun:
    """All were scored on the same posts, each with as many seeds; returns the first run.

    Raises:
        DataError: they were not.
    """
    runs = [run for system in systems for run in system.values()]
    for run in runs[1:]:
        check_same(runs[0], run)
    for folder, system in zip(folders, systems, strict=True):
        if len(system) != len(systems[0]):
            what = f"{len(system)} seeds are here, and {len(systems[0])} in {folders[0]}"
            raise DataError(what, str(folder), "Compare as many seeds of each")
    return runs[0]


def _scores(counts: Mapping[int, Sequence[Count]], settings: CompareSettings) -> Scores | SeedScores:
    if counts.keys() != {ALONE}:
        return seed_scores(counts, settings)
    return scores_of(counts[ALONE], intervals({OVERALL: counts[ALONE]}, settings)[OVERALL])
