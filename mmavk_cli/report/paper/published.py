"""Numbers from the literature, to put beside ours."""

import json
from dataclasses import dataclass
from importlib.resources import files

from mmavk_cli.base.records import Json


@dataclass(frozen=True, slots=True)
class PublishedSplit:
    """One split of Table 1: entities a type (and `total`), tweets, and a remark on the printed numbers."""

    entities: dict[str, int]
    tweets: int
    note: str


@dataclass(frozen=True, slots=True)
class Published:
    """Table 1 of one data set; empty for a data set that is not in it."""

    source: str
    splits: dict[str, PublishedSplit]


def published_counts(name: str) -> Published:
    """What the paper's Table 1 says of the data set `name`."""
    table = _numbers()
    splits = {
        split: PublishedSplit(
            {kind: number for kind, number in row.items() if kind not in {"tweets", "note"}},
            row["tweets"],
            row.get("note", ""),
        )
        for split, row in table["table1"].get(name, {}).items()
    }
    return Published(table["source"], splits)


Percents = tuple[float, float, float]
"""Precision, recall, F1."""


@dataclass(frozen=True, slots=True)
class PublishedScores:
    """Test scores of one of the paper's tables on one data set, a row a system, and the encoder they were had with."""

    source: str
    encoder: str
    rows: dict[str, Percents]


def published_scores(table: str, dataset: str) -> PublishedScores:
    """What the paper's `table3` or `table4` says of a data set; no rows for one that is not in it."""
    found = _numbers()[table]
    rows = {name: (float(p), float(r), float(f1)) for name, (p, r, f1) in found.get(dataset, {}).items()}
    return PublishedScores(found["source"], found["encoder"], rows)


@dataclass(frozen=True, slots=True)
class PublishedSimilarity:
    """What the paper says of CLIP's cosines: its threshold, and `mean` and `median` of a data set (empty: unknown)."""

    source: str
    threshold: float
    numbers: dict[str, float]


def published_similarity(dataset: str | None) -> PublishedSimilarity:
    """The paper's similarities of the data set."""
    found = _numbers()["similarity"]
    return PublishedSimilarity(found["source"], float(found["threshold"]), dict(found.get(dataset or "", {})))


def _numbers() -> Json:
    found: Json = json.loads(files("mmavk_cli.report").joinpath("published.json").read_text("utf-8"))
    return found
