"""All formats by name, and which one a path is in."""

from itertools import islice
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.corpus.formats.brat import BratFolder
from mmavk_cli.corpus.formats.docbin import DocBinFile
from mmavk_cli.corpus.formats.format import Format, Reader
from mmavk_cli.corpus.formats.json_forms import OWN, form_of
from mmavk_cli.corpus.formats.lines import (
    CONLL,
    DOCCANO,
    GLINER,
    JSONL,
    LABEL_STUDIO,
    LABEL_STUDIO_MIN,
    PRODIGY,
    SPACY_TUPLES,
)  # fmt: skip
from mmavk_cli.corpus.formats.parquet import ParquetFile
from mmavk_cli.corpus.formats.single_lines import SingleLines
from mmavk_cli.corpus.formats.sniff import HEAD, format_of
from mmavk_cli.corpus.formats.table import Table
from mmavk_cli.corpus.json_values import json_values

CSV, TSV = Table("csv", ".csv"), Table("tsv", ".tsv", "\t")

FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        CONLL, JSONL, DOCCANO, PRODIGY, LABEL_STUDIO, LABEL_STUDIO_MIN, DocBinFile(), ParquetFile(), BratFolder(),
        CSV, TSV,
    )
}  # fmt: skip
"""Formats that are read and written."""

READERS: dict[str, Reader] = {**FORMATS, **{one.name: one for one in (GLINER, SPACY_TUPLES, SingleLines())}}
"""Formats that are read."""

SUFFIXES = {
    ".doccano.jsonl": "doccano", ".prodigy.jsonl": "prodigy", ".labelstudio.json": "labelstudio",
    ".labelstudio-min.json": "labelstudio-min", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".conll": "conll", ".bio": "conll", ".iob": "conll", ".iob2": "conll", ".txt": "conll", ".spacy": "spacy",
    ".parquet": "hf", ".arrow": "hf", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".ann": "brat", ".brat": "brat",
}  # fmt: skip
"""End of a file's name → format, the first that fits."""

ROWS_SEEN = 20
"""Rows that are looked at to tell one form of JSON from another."""


def by_suffix(path: Path) -> str | None:
    """The format that a file's name says, None where it says none."""
    return next((name for suffix, name in SUFFIXES.items() if path.name.lower().endswith(suffix)), None)


def by_content(path: Path) -> str | None:
    """The format of a file that is there: by its name, of JSON by the fields of its first objects, of tables and texts
    by what the first lines look like; None where it is a raw text.

    Raises:
        DataError: the file cannot be read, or is of a kind that no post is in.
    """
    name = by_suffix(path)
    try:
        if name == "jsonl":
            return form_of_file(path)
        if name not in {None, "csv", "tsv"} and path.suffix.lower() != ".txt":
            return name
        with path.open("rb") as handle:
            found = format_of(handle.read(HEAD), str(path))
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error
    if found == "json":
        return form_of_file(path)
    if found == "conll":
        return found
    return name if name in {"csv", "tsv"} else found


def form_of_file(path: Path) -> str:
    """The form of a JSON file, by the first of its rows that tells one."""
    with path.open("rb") as handle:
        values = [value for _, value in islice(json_values(handle, str(path)), ROWS_SEEN)]
    return next((form for form in map(form_of, values) if form != OWN), OWN)
