"""Reading what `mmavk eval` and `mmavk tag` wrote of each post, predictions.SPLIT.jsonl (docs/formats.md)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import is_url
from mmavk_cli.base.records import BadRow, Entity, Knowledge, Problem

AGAIN = "Make the run again with --out RUN"


@dataclass(frozen=True, slots=True)
class Answered:
    """One post of a run: the names found, with what knowledge, and those of the gold (None: it is not known)."""

    id: str
    text: str
    found: tuple[Entity, ...]
    gold: tuple[Entity, ...] | None
    knowledge: Knowledge | None = None
    image: Path | None = None
    notes: tuple[str, ...] = ()
    problem: Problem | None = None


def predictions_name(split: str) -> str:
    """The file's name in the run folder of an evaluation."""
    return f"predictions.{split}.jsonl"


def read_evaluated(path: Path) -> Iterator[Answered]:
    """The posts of an evaluation, in order, one at a time; each has its gold.

    Raises:
        DataError: the file or a line of it cannot be read.
    """
    for number, row in enumerate(read_answers(path), 1):
        if isinstance(row, BadRow) or row.gold is None:
            raise DataError("not a record of an evaluated post", f"{path}:{number}", AGAIN)
        yield row


def read_answers(path: Path) -> Iterator[Answered | BadRow]:
    """The records of a file, in order, one at a time.

    Raises:
        DataError: the file or a line of it cannot be read.
    """
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, 1):
                yield _record(line, f"{path}:{number}")
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), AGAIN) from error


def _record(line: bytes, where: str) -> Answered | BadRow:
    try:
        row = json.loads(line)
        if "error" in row:
            return BadRow(str(row["id"]), Problem(**row["error"]))
        text = str(row["text"])
        return Answered(
            str(row["id"]),
            text,
            _entities(row["entities"], text),
            _entities(row["gold"], text) if "gold" in row else None,
            _knowledge(row.get("knowledge")),
            Path(row["image"]) if row.get("image") and not is_url(row["image"]) else None,
            tuple(map(str, row.get("notes") or ())),
            Problem(**row["problem"]) if row.get("problem") else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError("not a record of a tagged post", where, AGAIN) from error


def _entities(rows: list[dict[str, Any]], text: str) -> tuple[Entity, ...]:
    """Names in the order of the text.

    Raises:
        ValueError: one lies outside the text.
    """
    found = []
    for row in rows:
        start, end = int(row["start"]), int(row["end"])
        if not 0 <= start < end <= len(text):
            raise ValueError("a name outside the text")
        words = int(row["word_start"]), int(row["word_end"])
        found.append(Entity(start, end, *words, str(row["type"]), text[start:end], float(row.get("score", 1.0))))
    return tuple(sorted(found, key=lambda one: one.start))


def _knowledge(row: dict[str, Any] | None) -> Knowledge | None:
    if not row:
        return None
    similarity = row.get("similarity")
    known = None if similarity is None else float(similarity)
    scorer = str(row["scorer"]) if row.get("scorer") else None
    return Knowledge(str(row["text"]), str(row["recipe"]), known, float(row["weight"]), scorer)
