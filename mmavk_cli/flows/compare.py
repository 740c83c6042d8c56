"""compare: evaluated runs on the same posts → their scores, and which gaps are more than chance."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import field_validator

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Json
from mmavk_cli.base.run import read_run
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.flows.knowledge import knowledge_label
from mmavk_cli.report.counts import Count, count
from mmavk_cli.report.gaps import Gap, gaps
from mmavk_cli.report.measures import Scores, scores_of
from mmavk_cli.report.predictions import AGAIN, Prediction, predictions_name, read_predictions
from mmavk_cli.report.significance import ResamplingSettings, intervals

Told = Callable[[int, int], None]
"""Progress: pairs done, pairs in all."""


class CompareSettings(ResamplingSettings, Common):
    """What `mmavk compare` asks."""

    runs: list[Path] = setting(..., "Run folders of mmavk eval, two or more.", argument=True, metavar="RUN")
    format: Literal["table", "json"] = setting("table", "How to print it.")

    @field_validator("runs")
    @classmethod
    def _has_two(cls, runs: list[Path]) -> list[Path]:
        if len(runs) < 2:  # noqa: PLR2004
            raise ValueError("give two or more, each made by mmavk eval --out RUN")
        return runs


@dataclass(frozen=True, slots=True)
class Compared:
    """One run: what was scored, and its strict scores."""

    run: str
    model: str
    knowledge: str
    scores: Scores


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


@dataclass(frozen=True, slots=True)
class Read:
    """A run as it was read."""

    folder: Path
    facts: Json
    posts: tuple[Prediction, ...]

    @property
    def knowledge(self) -> str:
        """Whose knowledge was used."""
        asked = self.facts["settings"]
        return knowledge_label(asked.get("knowledge"), asked.get("pairing", ""))

    @property
    def counts(self) -> list[Count]:
        """Right, spurious and missed names of each post."""
        return count([post.gold for post in self.posts], [post.found for post in self.posts])


def compare(settings: CompareSettings, told: Told) -> Comparison:
    """Compare evaluated runs.

    Raises:
        DataError: a folder is no run of mmavk eval, is broken, or was scored on other data than the first.
    """
    runs = [read(folder) for folder in settings.runs]
    for run in runs[1:]:
        check_same(runs[0], run)
    counts = [run.counts for run in runs]
    ends = intervals({str(number): one for number, one in enumerate(counts)}, settings)
    compared = tuple(
        Compared(str(run.folder), run.facts["model"], run.knowledge, scores_of(one, ends[str(number)]))
        for number, (run, one) in enumerate(zip(runs, counts, strict=True))
    )
    asked = runs[0].facts["settings"]
    found = gaps([str(run.folder) for run in runs], counts, settings, told)
    return Comparison(asked["dataset"], asked["split"], len(runs[0].posts), compared, found)


def read(folder: Path) -> Read:
    """A run of `mmavk eval`.

    Raises:
        DataError: it is none, or it is broken.
    """
    facts = read_run(folder, "eval")
    try:
        path = folder / predictions_name(facts["settings"]["split"])
        known = facts["model"], facts["data"], facts["settings"]["dataset"]
    except (KeyError, TypeError) as error:
        raise DataError(f"the run does not say {error}", str(folder / "run.json"), AGAIN) from error
    posts = tuple(read_predictions(path))
    if not posts or not all(known):
        raise DataError("the run has no predictions", str(path), AGAIN)
    return Read(folder, facts, posts)


def check_same(first: Read, other: Read) -> None:
    """Both were scored on the same file, and hold the same posts.

    Raises:
        DataError: they do not.
    """
    where = str(other.folder)
    if set(first.facts["data"].values()) != set(other.facts["data"].values()):
        data = " and ".join(", ".join(run.facts["data"]) for run in (first, other))
        what = f"the runs were scored on different data ({data}; SHA-256 differs)"
        raise DataError(what, where, f"Score both on the file that {first.folder} was scored on")
    if [(post.id, post.gold) for post in first.posts] != [(post.id, post.gold) for post in other.posts]:
        raise DataError(f"not the posts of {first.folder}, though the data are the same", where, AGAIN)
