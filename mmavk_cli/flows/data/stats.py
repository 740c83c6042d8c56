"""data stats: a data set → Table 1, ours under both counting rules beside the published one."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.paths import SPLITS, dataset_folder, splits_in, unread_files
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import Common, DataFolder, setting
from mmavk_cli.corpus.dataset import load_split
from mmavk_cli.corpus.statistics import Survey, survey
from mmavk_cli.corpus.types import TypeChoice
from mmavk_cli.flows.shared.options import DATASET, Printed
from mmavk_cli.report.paper.published import PublishedSplit, published_counts


class DataSet(Printed, TypeChoice, DataFolder, Common):
    """One data set, and how to print what is said of it."""

    dataset: str = setting(..., DATASET, argument=True, metavar="NAME")


class DataStatsSettings(DataSet):
    """Options of `mmavk data stats`."""


@dataclass(frozen=True, slots=True)
class Line:
    """One number of Table 1: what is counted in which split, published (None: it is not) and counted by us."""

    split: str
    what: str
    published: int | None
    strict: int
    lenient: int

    @property
    def unexplained(self) -> bool:
        """No counting rule gives the published number."""
        return self.published is not None and self.published not in {self.strict, self.lenient}


@dataclass(frozen=True, slots=True)
class Stats:
    """Table 1 of one data set; `notes` are remarks on the printed numbers, `missing` the splits that are not there."""

    name: str
    folder: str
    source: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self) | {"lines": [asdict(line) | {"unexplained": line.unexplained} for line in self.lines]}


def data_stats(settings: DataStatsSettings) -> Stats:
    """Count the data set.

    Raises:
        DataError: no such data set, no split in it, or a row that cannot be read.
    """
    folder = dataset_folder(settings.dataset, settings.data_dir)
    published = published_counts(settings.dataset)
    files = splits_in(folder)
    unread = ", ".join(path.name for path in unread_files(folder, files.values()))
    if not files:
        fetch = f"Run: mmavk data fetch {settings.dataset}"
        advice = f"There is {unread}: call them train, valid and test, or convert them" if unread else fetch
        raise DataError("no train, valid or test split", str(folder), advice)
    lines: list[Line] = []
    notes = [f"{split}: {row.note}" for split, row in published.splits.items() if row.note]
    notes += [f"not read: {unread}"] if unread else []
    for split in files:
        counted = survey(load_split(folder, split, settings.renaming()))
        lines += _lines(split, counted, published.splits.get(split))
        if counted.tweets and not counted.lenient:
            notes.append(f"{split}: no post has a name")
    missing = [split for split in SPLITS if split not in files]
    source = published.source if published.splits else ""
    return Stats(settings.dataset, str(folder), source, tuple(lines), tuple(notes), tuple(missing))


def _lines(split: str, counted: Survey, published: PublishedSplit | None) -> Iterator[Line]:
    for kind in counted.types():
        yield Line(
            split,
            kind,
            published.entities.get(kind) if published else None,
            counted.strict[kind],
            counted.lenient[kind],
        )
    yield Line(
        split, "total", published.entities["total"] if published else None,
        counted.strict.total(), counted.lenient.total(),
    )  # fmt: skip
    yield Line(split, "tweets", published.tweets if published else None, counted.tweets, counted.tweets)
    yield Line(split, "words", None, counted.words, counted.words)
