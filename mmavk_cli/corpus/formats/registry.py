"""All formats by name, and which one a path is in."""

import json
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.corpus.conll import BOM
from mmavk_cli.corpus.formats.docbin import DocBinFile
from mmavk_cli.corpus.formats.format import Format
from mmavk_cli.corpus.formats.lines import CONLL, DOCCANO, JSONL, PRODIGY
from mmavk_cli.corpus.formats.parquet import ParquetFile

FORMATS: dict[str, Format] = {one.name: one for one in (CONLL, JSONL, DOCCANO, PRODIGY, DocBinFile(), ParquetFile())}

SUFFIXES = {
    ".doccano.jsonl": "doccano", ".prodigy.jsonl": "prodigy", ".jsonl": "jsonl", ".ndjson": "jsonl", ".conll": "conll",
    ".txt": "conll", ".spacy": "spacy", ".parquet": "hf", ".arrow": "hf",
}  # fmt: skip
"""End of a file's name → format, the first that fits."""

HEAD = 1 << 20
"""Bytes looked at to tell one layout of JSON Lines from another."""


def by_suffix(path: Path) -> str | None:
    """The format that a file's name says, None where it says none."""
    return next((name for suffix, name in SUFFIXES.items() if path.name.lower().endswith(suffix)), None)


def by_content(path: Path) -> str | None:
    """The format of a file that is there: by its name, JSON Lines by the fields of its first object; None where it is
    a raw text.

    Raises:
        DataError: the file cannot be read.
    """
    name = by_suffix(path)
    if name not in {"jsonl", None} and path.suffix.lower() != ".txt":
        return name
    try:
        with path.open("rb") as handle:
            head = handle.read(HEAD).removeprefix(BOM).lstrip()
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error
    if head.startswith(b"IMGID:"):
        return "conll"
    return _layout(head.partition(b"\n")[0]) if name == "jsonl" else None


def _layout(line: bytes) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return "jsonl"  # whose reader says what is wrong with the line
    if not isinstance(row, dict):
        return "jsonl"
    labels = row.get("label", row.get("labels"))
    if isinstance(labels, list) and all(isinstance(one, list) for one in labels):
        return "doccano"
    tokens = row.get("tokens")
    objects = isinstance(tokens, list) and bool(tokens) and isinstance(tokens[0], dict)
    return "prodigy" if objects or row.keys() & {"spans", "_input_hash"} else "jsonl"
