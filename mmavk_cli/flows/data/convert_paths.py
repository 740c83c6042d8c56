"""Where `data convert` reads and writes: a file, a folder with splits, a data set by name, or a pipe."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.paths import SPLIT_NAMES, SPLITS, dataset_folder, unread_files
from mmavk_cli.base.records import Counted, Rows
from mmavk_cli.corpus.columns import Columns
from mmavk_cli.corpus.formats.brat import is_brat
from mmavk_cli.corpus.formats.format import Format, LineFormat, LineReader, Reader
from mmavk_cli.corpus.formats.lines import Conll, JsonLines, JsonRead
from mmavk_cli.corpus.formats.parquet import ParquetFile, hf_files
from mmavk_cli.corpus.formats.posts import read_posts
from mmavk_cli.corpus.formats.registry import FORMATS, READERS, SUFFIXES, by_content, by_suffix
from mmavk_cli.corpus.formats.table import ColumnNames, Table
from mmavk_cli.corpus.jsonl import Reading

PIPE = "-"
RAW = "text"
FormatName = Literal[
    "conll", "jsonl", "doccano", "prodigy", "labelstudio", "labelstudio-min", "spacy", "hf", "brat", "csv", "tsv"
]
SourceFormat = Literal[FormatName, "gliner", "spacy-tuples", "lines"]

Read = Callable[[Counted], Rows]
"""Opens one split; names that were widened are counted."""


@dataclass(frozen=True, slots=True)
class Source:
    """The splits of SOURCE, in order (an empty name: it has none), the format they are in, and files beside them."""

    format: str
    splits: dict[str, Read]
    unread: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What a person says of SOURCE: the columns of CoNLL files and tables, and how objects of JSON are meant."""

    columns: Columns | None = None
    reading: Reading = field(default_factory=Reading)
    table: ColumnNames = field(default_factory=ColumnNames)

    def of(self, form: Reader) -> Reader:
        """The format, read so."""
        if isinstance(form, Conll):
            return replace(form, columns=self.columns)
        if isinstance(form, Table):
            return replace(form, columns=self.table)
        return replace(form, reading=self.reading) if isinstance(form, JsonLines | JsonRead | ParquetFile) else form


def source_of(
    name: str, given: SourceFormat | None, split: str | None, data_dir: Path | None, said: SourceOptions | None = None
) -> Source:
    """What SOURCE names: standard input, a file, a folder, else a data set. `said` is said of all its files.

    Args:
        name: the argument SOURCE.
        given: the format of `--from`; None: detected.
        split: the one of `--split`; None: all.
        data_dir: folder of data sets, for a data set's name.
        said: what the options say of how the files are read.

    Raises:
        UsageError: the format of a pipe is not given. DataError: SOURCE is not there, or has no such split.
    """
    said = said or SourceOptions()
    if name == PIPE:
        form = _reader_of_lines(given, said)
        return Source(form.name, {split or "": partial(form.read_lines, sys.stdin.buffer)})
    path = Path(name) if Path(name).exists() else dataset_folder(name, data_dir)
    if path.is_file():
        form_name = given or by_content(path)
        return Source(form_name or RAW, {split or "": _reader(path, form_name, said)})
    if given == "brat" or (given is None and is_brat(path)):
        return Source("brat", {split or "": _reader(path, "brat", said)})
    files = hf_files(path) if given in {None, "hf"} else {}
    files = files or {one: [path / one] for one in SPLITS if is_brat(path / one)}
    files = files or {one: [file] for one in SPLITS if (file := _split_file(path, one, given))}
    if not files:
        return _raw_folder(path, said, split or "")
    if split is not None and split not in files:
        raise DataError(f"no {split} split", str(path), f"There is: {', '.join(files)}")
    names = {one: given or _name_of(found[0]) for one, found in files.items()}
    splits = {}
    for one in SPLITS:
        if one in files:
            readers = [_reader(file, names[one], said) for file in files[one]]
            splits[one] = _chained(readers)
    splits = splits if split is None else {split: splits[split]}
    unread = tuple(unread_files(path, (file for several in files.values() for file in several)))
    return Source(" ".join(sorted({names[one] for one in splits})), splits, unread)


def target_of(name: str, given: FormatName | None, source: Source) -> tuple[Format, bool]:
    """The format of TARGET, and whether it is a folder with a file a split.

    Raises:
        UsageError: the format cannot be told, cannot go into a pipe, or one file would hold several splits.
        DataError: TARGET is there already.
    """
    if name == PIPE:
        return _of_lines(given), False
    path = Path(name)
    by_name = by_suffix(path)
    if (given or by_name) is None:
        raise UsageError(f"cannot tell the format of {name!r}", "TARGET", f"Say it with --to: {', '.join(FORMATS)}")
    if path.exists():
        raise DataError("it already exists", name, "Choose another name or remove it")
    form = FORMATS[given or str(by_name)]
    several = "" not in source.splits and len(source.splits) > 1
    if several and by_name is not None:
        what = f"SOURCE has {len(source.splits)} splits and TARGET is one file"
        raise UsageError(what, "TARGET", "Name a folder with --to, or choose one with --split")
    return form, several or (form.name == "hf" and by_name is None)


def file_name(split: str, form: Format) -> str:
    """What a split's file is called in a folder: as a data set's or, of `datasets`, as `load_dataset` knows it."""
    if isinstance(form, Conll):
        return f"{split}.txt"
    if form.name == "brat":
        return split or "train"
    return "validation.parquet" if form.name == "hf" and split == "valid" else f"{split or 'train'}{form.suffix}"


def _of_lines(given: FormatName | None) -> LineFormat:
    lines = {name: form for name, form in FORMATS.items() if isinstance(form, LineFormat)}
    return lines[_checked(given, lines, "--to")]


def _reader_of_lines(given: SourceFormat | None, said: SourceOptions) -> LineReader:
    lines = {name: form for name in READERS if isinstance(form := said.of(READERS[name]), LineReader)}
    return lines[_checked(given, lines, "--from")]


def _checked(given: str | None, lines: Iterable[str], flag: str) -> str:
    if given is None or given not in lines:
        what = "a pipe's format is not known" if given is None else f"{given} cannot go through a pipe"
        raise UsageError(what, flag, f"Give one of {', '.join(lines)}, or a file")
    return given


def _raw_folder(folder: Path, said: SourceOptions, split: str) -> Source:
    """A folder of raw texts.

    Raises:
        DataError: there is none in it, or one that is CoNLL.
    """
    beside = unread_files(folder, ())
    texts = [path for path in beside if path.suffix.lower() == ".txt"]
    others = [path.name for path in texts if by_content(path)]
    if not texts:
        others = [path.name for path in beside]
    if others:
        advice = "Call them train, valid and test, or convert each by itself"
        raise DataError(f"no split in this folder; there is {', '.join(others[:6])}", str(folder), advice)
    if not texts:
        advice = "Name a file, or a folder with train, valid and test"
        raise DataError("no split and no text in this folder", str(folder), advice)
    return Source(RAW, {split: _reader(folder, None, said)}, tuple(path for path in beside if path not in texts))


def _split_file(folder: Path, split: str, given: SourceFormat | None) -> Path | None:
    there = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_file()}
    suffixes = [suffix for suffix, name in SUFFIXES.items() if given in {None, name}]
    names = [f"{name}{suffix}" for name in SPLIT_NAMES[split] for suffix in (".txt", ".jsonl", *suffixes)]
    return next((there[name] for name in names if name in there), None)


def _name_of(path: Path) -> str:
    """The format of a split's file; `.txt` is CoNLL in a data set, whatever it begins with."""
    if path.is_dir():
        return "brat"
    return "conll" if path.suffix.lower() == ".txt" else by_content(path) or RAW


def _reader(path: Path, name: str | None, said: SourceOptions) -> Read:
    return partial(said.of(READERS[name]).read, path) if name in READERS else lambda _: read_posts(path)


def _chained(readers: list[Read]) -> Read:
    def read(counted: Counted) -> Rows:
        for reader in readers:
            yield from reader(counted)

    return read
