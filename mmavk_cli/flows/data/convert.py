"""data convert: posts in one format → the same in another, and what of them the other cannot hold."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import field_validator

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.files import atomic_folder
from mmavk_cli.base.records import BadRow, Counted, Json, Post
from mmavk_cli.base.settings import Common, DataFolder, setting
from mmavk_cli.corpus.columns import Columns
from mmavk_cli.corpus.formats.format import LOST, Format, LineFormat, Put, lost
from mmavk_cli.corpus.formats.options import ColumnOptions
from mmavk_cli.corpus.formats.registry import READERS
from mmavk_cli.corpus.jsonl import Reading
from mmavk_cli.corpus.notes import sentence
from mmavk_cli.corpus.offsets import OURS, Unit
from mmavk_cli.corpus.types import Renaming, TypeChoice
from mmavk_cli.flows.data.convert_paths import (
    PIPE,
    RAW,
    FormatName,
    Read,
    SourceFormat,
    SourceOptions,
    file_name,
    source_of,
    target_of,
)  # fmt: skip
from mmavk_cli.flows.shared.options import SPLIT, Printed, Split
from mmavk_cli.flows.shared.progress import OnFault, Progress
from mmavk_cli.report.safe_text import visible
from mmavk_cli.spans import strict_spans


class DataConvertSettings(Printed, ColumnOptions, TypeChoice, DataFolder, Common):
    """Options of `mmavk data convert`."""

    source: str = setting(..., "A file, a folder, the name of a data set, or - for standard input.", argument=True)
    target: str = setting(..., "A new file or folder, or - for standard output.", argument=True)
    source_format: SourceFormat | None = setting(
        None,
        f"Format of SOURCE: {', '.join(READERS)}. [default: by its name and content]",
        "--from",
        metavar="FORMAT",
    )
    target_format: FormatName | None = setting(None, "Format of TARGET. [default: by its name]", "--to")
    split: Split | None = setting(None, SPLIT, here="[default: all that are there]")
    columns: str | None = setting(
        None,
        "Columns of a CoNLL file, by name: word,pos,chunk,tag. Those that are neither `word` nor `tag` are ignored. "
        "[default: the first, behind a running number, and the last]",
        metavar="NAME,…",
    )

    offsets: Unit = setting(
        OURS,
        "What the offsets of names count: `codepoint`, Unicode characters; `utf16`, the units of JavaScript and Java; "
        "`byte`, bytes of UTF-8.",
    )
    tag_names: str | None = setting(
        None, "Names of tags that are numbers, from 0: O,B-PER,I-PER. [default: the file's own]", metavar="NAME,…"
    )

    @property
    def said(self) -> SourceOptions:
        """What is said of SOURCE."""
        columns = None if self.columns is None else Columns.parse(self.columns)
        names = {} if self.tag_names is None else {"": self.tag_names.split(",")}
        return SourceOptions(columns, Reading(unit=self.offsets, names=names), self.column_names)

    @field_validator("columns")
    @classmethod
    def _columns_can_be(cls, value: str | None) -> str | None:
        if value is not None:
            Columns.parse(value)
        return value


@dataclass(slots=True)
class Conversion:
    """What was done: posts, names and bad rows a split, what was told while reading, and what was lost in writing."""

    source: str
    target: str
    source_format: str
    target_format: str
    renaming: Renaming
    splits: dict[str, Counted] = field(default_factory=dict[str, Counted])
    read: Counted = field(default_factory=Counted)
    lost: Counted = field(default_factory=Counted)
    bad: int = 0
    untagged: int = 0

    def as_json(self) -> Json:
        """One JSON object."""
        return {
            "source": self.source,
            "target": self.target,
            "from": self.source_format,
            "to": self.target_format,
            "splits": {split: counted.counts for split, counted in self.splits.items()},
            "notes": [asdict(note) | {"means": sentence(note)} for note in self.read.notes.values()],
            "renamed": [
                {"from": old, "to": new or None, "names": names} for (old, new), names in self.renaming.counts.items()
            ],
            "lost": {kind: {"count": count, "means": LOST[kind]} for kind, count in self.losses()},
            "bad_rows": self.bad,
        }

    @property
    def code(self) -> int:
        """What the command exits with."""
        return DataError.code if self.bad else 0

    def losses(self) -> Iterator[tuple[str, int]]:
        """What was lost, and how often."""
        return ((kind, count) for kind, count in self.lost.counts.items() if count)

    @property
    def told(self) -> list[str]:
        """What was read otherwise than it is written, renamed or left aside, for people."""
        said = [sentence(note) for note in self.read.notes.values()]
        said += [
            f"the type {old!r} is {f'now {new!r}' if new else 'left out as asked'}: {names} name{'s' * (names > 1)}"
            for (old, new), names in self.renaming.counts.items()
        ]
        said += [f"no name has the type {old!r}" for old in self.renaming.unused]
        return [visible(line) for line in said]

    @property
    def verdict(self) -> str:
        """How much of SOURCE is in TARGET, in words; empty where the losses say it."""
        left_out = f"{self.bad} row{'s' * (self.bad > 1)} left out" if self.bad else ""
        otherwise = self.bad or self.read.notes or self.renaming.counts
        if not self.bad and not sum(one.counts["posts"] for one in self.splits.values()):
            return "there is no post"
        kept = "what was read is kept" if otherwise else "everything is kept"
        return "; ".join(filter(None, ("" if any(self.losses()) else kept, left_out, self._nameless)))

    @property
    def _nameless(self) -> str:
        """What is said where the format has names and no post has one."""
        posts = sum(one.counts["posts"] for one in self.splits.values())
        names = sum(one.counts["names"] for one in self.splits.values())
        if names or not posts or self.source_format == RAW:
            return ""
        return "no post has tags or names" if self.untagged == posts else "no post has a name"


def data_convert(
    settings: DataConvertSettings, out: Callable[[str], object], on_progress: Progress, on_fault: OnFault
) -> Conversion:
    """Convert. Every record that is written is also read back, so that what is lost is counted, not guessed.

    With TARGET `-` the text goes to `out`. A bad row is left out, told and counted.

    Args:
        settings: the options of the command.
        out: takes the text where TARGET is `-`.
        on_progress: is called with the number of posts.
        on_fault: is called with each row that is skipped.

    Raises:
        UsageError: a format that cannot be told or cannot go there. DataError: SOURCE is not there or cannot be read,
        TARGET is there already or cannot be written. MissingError: a format's package is not installed.
    """
    source = source_of(settings.source, settings.source_format, settings.split, settings.data_dir, settings.said)
    target, folder = target_of(settings.target, settings.target_format, source)
    done = Conversion(settings.source, settings.target, source.format, target.name, settings.renaming())
    for path in source.unread:
        done.read.note("unread-file", str(path.parent), path.name, path.name)
    job = _Job(target, done, on_progress, on_fault)
    if settings.target == PIPE:
        out(target.heading if isinstance(target, LineFormat) else "")
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
    on_progress: Progress
    on_fault: OnFault

    def write(self, split: str, rows: Read, path: Path) -> None:
        with self.target.writer(path) as put:
            self.put_all(split, rows, put, path.parent)

    def put_all(self, split: str, rows: Read, put: Put, folder: Path) -> None:
        """Every post of a split as a record; `folder` is where paths of pictures begin.

        Args:
            split: name of the split.
            rows: its posts and bad rows.
            put: writes one record.
            folder: where relative paths of pictures begin.
        """
        counted = self.done.splits.setdefault(split or "all", Counted({"posts": 0, "names": 0, "bad_rows": 0}))
        for number, row in enumerate(self.done.renaming.rows(rows(self.done.read)), 1):
            try:
                post = _good(row)
                record, losses = self._recorded(post, folder)
            except DataError as error:
                counted.add("bad_rows")
                self.done.bad += 1
                self.on_fault(error.problem())
            else:
                changed = put(record)
                for kind in (*losses, *(changed if isinstance(changed, tuple) else ())):
                    self.done.lost.add(kind)
                self.done.untagged += post.tags is None
                counted.add("posts")
                counted.add("names", len(strict_spans(post.tags or ())))
            self.on_progress(number, None)

    def _recorded(self, post: Post, folder: Path) -> tuple[Any, list[str]]:
        """The post's record, and what is lost when it is read back."""
        try:
            record = self.target.record(post, folder)
            return record, list(lost(post, self.target.post(record, folder)))
        except DataError as error:
            what = f"{self.target.name} cannot hold this post: {error.what}"
            raise DataError(what, post.where or post.id, error.do) from error


def _line(target: Format, record: Any) -> str:
    if not isinstance(target, LineFormat):
        raise TypeError(f"{target.name} is no format of lines")  # target_of lets none of them into a pipe
    return target.line(record)


def _good(row: Post | BadRow) -> Post:
    if isinstance(row, BadRow):
        raise DataError(row.problem.what, row.problem.where, row.problem.do)
    return row
