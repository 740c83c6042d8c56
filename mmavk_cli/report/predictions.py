"""Reading `predictions.SPLIT.jsonl` of an evaluated run (docs/formats.md)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Span

AGAIN = "Make the run again: mmavk eval --out RUN"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One post: its names in strict IOB2 and those that were found, in words."""

    id: str
    gold: tuple[Span, ...]
    found: tuple[Span, ...]


def predictions_name(split: str) -> str:
    """The file's name in a run folder."""
    return f"predictions.{split}.jsonl"


def read_predictions(path: Path) -> Iterator[Prediction]:
    """The posts of a file, in order, one at a time.

    Raises:
        DataError: the file or a line of it cannot be read.
    """
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, 1):
                yield _prediction(line, f"{path}:{number}")
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), AGAIN) from error


def _prediction(line: bytes, where: str) -> Prediction:
    try:
        row = json.loads(line)
        return Prediction(str(row["id"]), _spans(row["gold"]), _spans(row["entities"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError("not a record of an evaluated post", where, AGAIN) from error


def _spans(entities: list[dict[str, Any]]) -> tuple[Span, ...]:
    return tuple(Span(int(one["word_start"]), int(one["word_end"]), str(one["type"])) for one in entities)
