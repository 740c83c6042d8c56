"""data convert: posts in one format → the same in another, and what of them the other cannot hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.files import atomic_folder
from mmavk_cli.base.records import BadRow, Counted, Json, Post, Problem
from mmavk_cli.base.settings import Common, DataFolder, setting
from mmavk_cli.corpus.formats.format import LOST, Format, Put, lost
from mmavk_cli.corpus.formats.lines import Conll, JsonLines
from mmavk_cli.corpus.formats.registry import FORMATS
from mmavk_cli.corpus.types import Renaming, TypeChoice
from mmavk_cli.flows.data.convert_paths import PIPE, FormatName, Read, file_name, source_of, target_of
from mmavk_cli.spans import strict_spans


class DataConvertSettings(TypeChoice, DataFolder, Common):
    """What `mmavk data convert` asks."""

    source: str = setting(..., "A file, a folder, the name of a data set, or - for standard input.", argument=True)
    target: str = setting(..., "A file or folder that is not there yet, or - for standard output.", argument=True)
    source_format: FormatName | None = setting(
        None, f"Format of SOURCE: {', '.join(FORMATS)}. [default: by its name and content]", "--from"
    )
    target_format: FormatName | None = setting(None, "Format of TARGET. [default: by its name]", "--to")
    split: Literal["train", "valid", "test"] | None = setting(None, "Convert this split. [default: all there are]")
    format: Literal["table", "json"] = setting("table", "How to print what was done.")


@dataclass(slots=True)
class Conversion:
    """What was done: posts, names and bad rows a split, types renamed, what was lost, and how many bad rows."""

    source: str
    target: str
    source_format: str
    target_format: str
    renaming: Renaming
    splits: dict[str, Counted] = field(default_factory=dict[str, Counted])
    lost: Counted = field(default_factory=Counted)
    bad: int = 0

    def as_json(self) -> Json:
        """One JSON object."""
        return {
            "source": self.source,
            "target": self.target,
            "from": self.source_format,
            "to": self.target_format,
            "splits": {split: counted.counts for split, counted in self.splits.items()},
            "renamed": [
                {"from": old, "to": new or None, "names": names} for (old, new), names in self.renaming.counts.items()
            ],
            "lost": {kind: {"count": count, "means": means(kind)} for kind, count in self.losses()},
            "bad_rows": self.bad,
        }

    def losses(self) -> Iterator[tuple[str, int]]:
        """What was lost, and how often."""
        return ((kind, count) for kind, count in self.lost.counts.items() if count)


def means(kind: str) -> str:
    """What a kind of loss means, after its number."""
    return LOST.get(kind, "names that begin or end inside a word, which now take in the whole word")


Told = Callable[[int, int | None], None]
"""Progress: posts done, posts in all (None: unknown)."""

Tell = Callable[[Problem], None]
"""Called with what was wrong with a row, as it passes."""


def data_convert(settings: DataConvertSettings, out: Callable[[str], object], told: Told, tell: Tell) -> Conversion:
    """Convert. Every record that is written is also read back, so that what is lost is counted, not guessed.

    With TARGET `-` the text goes to `out`. A bad row is left out, told and counted.

    Raises:
        UsageError: a format that cannot be told or cannot go there. DataError: SOURCE is not there or cannot be read,
        TARGET is there already or cannot be written. MissingError: a format's package is not installed.
    """
    source = source_of(settings.source, settings.source_format, settings.split, settings.data_dir)
    target, folder = target_of(settings.target, settings.target_format, source)
    done = Conversion(settings.source, settings.target, source.format, target.name, settings.renaming())
    job = _Job(target, done, told, tell)
    if settings.target == PIPE:
        for split, rows in source.splits.items():
            job.put_all(split, rows, lambda record: out(_line(target, record)), Path())
    elif folder:
        with atomic_folder(Path(settings.target)) as place:
            for split, rows in source.splits.items():
                job.write(split, rows, place / file_name(split, target))
    else:
        ((split, rows),) = source.splits.items()
        job.write(split, rows, Path(settings.target))
    return done


@dataclass(frozen=True, slots=True)
class _Job:
    target: Format
    done: Conversion
    told: Told
    tell: Tell

    def write(self, split: str, rows: Read, path: Path) -> None:
        with self.target.writer(path) as put:
            self.put_all(split, rows, put, path.parent)

    def put_all(self, split: str, rows: Read, put: Put, folder: Path) -> None:
        """Every post of a split as a record; `folder` is where paths of pictures begin."""
        counted = self.done.splits.setdefault(split or "all", Counted({"posts": 0, "names": 0, "bad_rows": 0}))
        for number, row in enumerate(self.done.renaming.rows(rows(self.done.lost)), 1):
            try:
                post = _good(row)
                record, losses = self._recorded(post, folder)
            except DataError as error:
                counted.add("bad_rows")
                self.done.bad += 1
                self.tell(error.problem())
            else:
                put(record)
                for kind in losses:
                    self.done.lost.add(kind)
                counted.add("posts")
                counted.add("names", len(strict_spans(post.tags or ())))
            self.told(number, None)

    def _recorded(self, post: Post, folder: Path) -> tuple[Any, list[str]]:
        """The post's record, and what is lost when it is read back."""
        try:
            record = self.target.record(post, folder)
            return record, list(lost(post, self.target.post(record, folder)))
        except DataError as error:
            what = f"{self.target.name} cannot hold this post: {error.what}"
            raise DataError(what, post.where or post.id, error.do) from error


def _line(target: Format, record: Any) -> str:
    if not isinstance(target, JsonLines | Conll):
        raise TypeError(f"{target.name} is no format of lines")  # target_of lets none of them into a pipe
    return target.line(record)


def _good(row: Post | BadRow) -> Post:
    if isinstance(row, BadRow):
        raise DataError(row.problem.what, row.problem.where, row.problem.do)
    return row
