"""Where `data convert` reads and writes: a file, a folder with splits, a data set by name, or a pipe."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.paths import SPLITS, dataset_folder
from mmavk_cli.base.records import Counted, Rows
from mmavk_cli.corpus.columns import Columns
from mmavk_cli.corpus.formats.format import Format, LineFormat
from mmavk_cli.corpus.formats.lines import Conll, JsonLines
from mmavk_cli.corpus.formats.parquet import hf_files
from mmavk_cli.corpus.formats.registry import FORMATS, SUFFIXES, by_content, by_suffix
from mmavk_cli.corpus.jsonl import Reading
from mmavk_cli.corpus.raw import read_posts

PIPE = "-"
RAW = "text"
F = TypeVar("F", bound=Format)
FormatName = Literal["conll", "jsonl", "doccano", "prodigy", "spacy", "hf"]

Read = Callable[[Counted], Rows]
"""Opens one split; names that were widened are counted."""


@dataclass(frozen=True, slots=True)
class Source:
    """The splits of SOURCE, in order (an empty name: it has none), and the format they are in."""

    format: str
    splits: dict[str, Read]


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of SOURCE: the columns of CoNLL files, and how objects of JSON are meant."""

    columns: Columns | None = None
    reading: Reading = field(default_factory=Reading)

    def of(self, form: F) -> F:
        """The format, read so."""
        if isinstance(form, Conll):
            return replace(form, columns=self.columns)
        return replace(form, reading=self.reading) if isinstance(form, JsonLines) else form


def source_of(
    name: str, given: FormatName | None, split: str | None, data_dir: Path | None, said: Said | None = None
) -> Source:
    """What SOURCE names: standard input, a file, a folder, else a data set. `said` is said of all its files.

    Raises:
        UsageError: the format of a pipe is not given. DataError: SOURCE is not there, or has no such split.
    """
    said = said or Said()
    if name == PIPE:
        form = said.of(_of_lines(given, "--from"))
        return Source(form.name, {split or "": partial(form.read_lines, sys.stdin.buffer)})
    path = Path(name) if Path(name).exists() else dataset_folder(name, data_dir)
    if path.is_file():
        form_name = given or by_content(path)
        return Source(form_name or RAW, {split or "": _reader(path, form_name, said)})
    files = hf_files(path) if given in {None, "hf"} else {}
    files = files or {one: [file] for one in SPLITS if (file := _split_file(path, one, given))}
    if not files:
        if any(path.glob("*.txt")):
            return Source(RAW, {split or "": _reader(path, None, said)})
        advice = "Name a file, or a folder with train, valid and test"
        raise DataError("no split and no text in this folder", str(path), advice)
    if split is not None and split not in files:
        raise DataError(f"no {split} split", str(path), f"There is: {', '.join(files)}")
    names = {one: given or _name_of(found[0]) for one, found in files.items()}
    splits = {one: _chained([_reader(file, names[one], said) for file in files[one]]) for one in SPLITS if one in files}
    splits = splits if split is None else {split: splits[split]}
    return Source(" ".join(sorted({names[one] for one in splits})), splits)


def target_of(name: str, given: FormatName | None, source: Source) -> tuple[Format, bool]:
    """The format of TARGET, and whether it is a folder with a file a split.

    Raises:
        UsageError: the format cannot be told, cannot go into a pipe, or one file would hold several splits.
        DataError: TARGET is there already.
    """
    if name == PIPE:
        return _of_lines(given, "--to"), False
    path = Path(name)
    told = by_suffix(path)
    if (given or told) is None:
        raise UsageError(f"cannot tell the format of {name!r}", "TARGET", f"Say it with --to: {', '.join(FORMATS)}")
    if path.exists():
        raise DataError("this is there already", name, "Choose another name or remove it")
    form = FORMATS[given or str(told)]
    several = "" not in source.splits and len(source.splits) > 1
    if several and told is not None:
        what = f"SOURCE has {len(source.splits)} splits and TARGET is one file"
        raise UsageError(what, "TARGET", "Name a folder with --to, or choose one with --split")
    return form, several or (form.name == "hf" and told is None)


def file_name(split: str, form: Format) -> str:
    """What a split's file is called in a folder: as a data set's or, of `datasets`, as `load_dataset` knows it."""
    if isinstance(form, Conll):
        return f"{split}.txt"
    return "validation.parquet" if form.name == "hf" and split == "valid" else f"{split or 'train'}{form.suffix}"


def _of_lines(given: FormatName | None, flag: str) -> LineFormat:
    lines: dict[str, LineFormat] = {name: form for name, form in FORMATS.items() if isinstance(form, JsonLines | Conll)}
    if given is None or given not in lines:
        what = "a pipe's format is not known" if given is None else f"{given} cannot go through a pipe"
        raise UsageError(what, flag, f"Give one of {', '.join(lines)}, or a file")
    return lines[given]


def _split_file(folder: Path, split: str, given: FormatName | None) -> Path | None:
    suffixes = [suffix for suffix, name in SUFFIXES.items() if given in {None, name}]
    names = [folder / f"{split}{suffix}" for suffix in (".txt", ".jsonl", *suffixes)]
    return next((path for path in names if path.is_file()), None)


def _name_of(path: Path) -> str:
    """The format of a split's file; `.txt` is CoNLL in a data set, whatever it begins with."""
    return "conll" if path.suffix == ".txt" else by_content(path) or RAW


def _reader(path: Path, name: str | None, said: Said) -> Read:
    return partial(said.of(FORMATS[name]).read, path) if name in FORMATS else lambda _: read_posts(path)


def _chained(readers: list[Read]) -> Read:
    def read(counted: Counted) -> Rows:
        for reader in readers:
            yield from reader(counted)

    return read
