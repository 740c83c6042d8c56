"""Runs of `mmavk eval` as others read them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Json, Span
from mmavk_cli.base.run_record import SCORES, read_record, read_run
from mmavk_cli.report.metrics.counts import Count, count
from mmavk_cli.report.predictions_reader import AGAIN, predictions_name, read_evaluated


@dataclass(frozen=True, slots=True)
class Prediction:
    """One post: its names in strict IOB2 and those that were found, in words."""

    id: str
    gold: tuple[Span, ...]
    found: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class EvaluatedRun:
    """A run as it was read."""

    folder: Path
    facts: Json
    posts: tuple[Prediction, ...]

    @property
    def knowledge(self) -> str:
        """Whose knowledge the model read, as its evaluation says.

        Raises:
            DataError: it does not say it.
        """
        return str(read_record(self.folder / SCORES, "knowledge")["knowledge"])

    @property
    def counts(self) -> list[Count]:
        """Right, spurious and missed names of each post."""
        gold = [post.gold for post in self.posts]
        return count(gold, [post.found for post in self.posts])


def read_predictions(path: Path) -> Iterator[Prediction]:
    """The posts of an evaluation, in order, one at a time, without their texts.

    Raises:
        DataError: the file or a line of it cannot be read.
    """
    for one in read_evaluated(path):
        gold = tuple(entity.span for entity in one.gold or ())
        yield Prediction(one.id, gold, tuple(entity.span for entity in one.found))


def read_evaluated_run(folder: Path) -> EvaluatedRun:
    """A run of `mmavk eval`.

    Raises:
        DataError: it is none, or it is broken.
    """
    facts = read_run(folder, "eval")
    try:
        path = folder / predictions_name(facts["settings"]["split"])
        known = facts["model"], facts["data"], facts["settings"]["dataset"]
    except (KeyError, TypeError) as error:
        raise DataError(f"the run has no {error}", str(folder / "run.json"), AGAIN) from error
    posts = tuple(read_predictions(path))
    if not posts or not all(known):
        raise DataError("the run has no predictions", str(path), AGAIN)
    return EvaluatedRun(folder, facts, posts)


def check_same(first: EvaluatedRun, other: EvaluatedRun) -> None:
    """Both were scored on the same file, and hold the same posts.

    Raises:
        DataError: they do not.
    """
    where = str(other.folder)
    if set(first.facts["data"].values()) != set(other.facts["data"].values()):
        data = " and ".join(", ".join(run.facts["data"]) for run in (first, other))
        what = f"the runs were scored on different data ({data}; SHA-256 differs)"
        raise DataError(what, where, f"Score both on the file that {first.folder} was scored on")
    true = [(post.id, post.gold) for post in first.posts]
    if true != [(post.id, post.gold) for post in other.posts]:
        raise DataError(f"not the posts of {first.folder}, though the data are the same", where, AGAIN)
