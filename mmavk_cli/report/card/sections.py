"""What the cards of all kinds of runs have: how a run was made, its scores, its data in short."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmavk_cli.base.records import Json
from mmavk_cli.report.runs import Fact, RunRead, facts_of
from mmavk_cli.report.safe_text import visible
from mmavk_cli.report.score_tables import score_table
from mmavk_cli.report.table_section import Section

LONG = 80
"""Characters after which a command line is broken."""


@dataclass(frozen=True, slots=True)
class Making:
    """How something was made: the command line (empty where it is not known), the main facts, and all others."""

    heading: str
    line: str
    facts: Section
    more: Section


@dataclass(frozen=True, slots=True)
class Card:
    """A page: `kind` names its template, `front` is the YAML at its top (empty: none), `about` what its prose asks."""

    kind: str
    title: str
    makings: tuple[Making, ...] = ()
    results: tuple[Section, ...] = ()
    data: Section | None = None
    front: str = ""
    about: Json = field(default_factory=dict[str, object])


def making(heading: str, runs: Mapping[str, Json]) -> Making:
    """How one run, or several under their names, were made, from their `run.json`."""
    read = [RunRead(Path(), facts) for facts in runs.values()]
    main, more = facts_of(read)
    lines = [facts["line"] for facts in runs.values() if facts.get("line")]
    line = _typed(lines[0]) if len(runs) == len(lines) == 1 else ""
    names = tuple(runs) if len(runs) > 1 else ("value",)
    return Making(heading, line, _facts(names, main), _facts(names, more))


def _typed(words: Sequence[str]) -> str:
    """A command line for a shell, broken before an option where it would be long; values hold no line ends."""
    lines = [""]
    for word in (shlex.quote(visible(str(one))) for one in words):
        if word.startswith("--") and len(lines[-1]) > LONG:
            lines.append("   ")
        lines[-1] += f" {word}"
    return " \\\n".join(lines).strip()


def _facts(names: tuple[str, ...], facts: Sequence[Fact]) -> Section:
    rows = tuple((one.name.replace("_", " "), *one.values) for one in facts)
    return Section("", ("what", *names), rows, (), len(names) + 1)


def scores_section(heading: str, scores: Json) -> Section:
    """Scores of one evaluation (its scores.json) under both counting rules, overall, a type and a group."""
    made = score_table(heading, scores)
    return Section(heading, made.head, made.rows, ())


def seed_scores_section(heading: str, scores: Json) -> Section:
    """Mean and standard deviation over seeds (scores.json of a folder of several), strict, overall and a type."""
    rows = tuple(
        (name, *(_spread(row, part) for part in ("precision", "recall", "f1")), str(row["gold"]))
        for name, row in scores["strict"].items()
    )
    return Section(heading, ("strict, mean ± sd", "P", "R", "F1", "gold"), rows, ())


def _spread(row: Json, part: str) -> str:
    if not row["gold"]:
        return "-"
    value = row[part]
    return f"{value['mean']:.2f}" if value.get("sd") is None else f"{value['mean']:.2f} ± {value['sd']:.2f}"


def data_section(data: Json) -> Section | None:
    """The splits of a run in short, from its data.json; None where there is none."""
    rows = []
    for name, one in (data.get("splits") or {}).items():
        known = sum(one["knowledge"].values())
        numbers = (one["posts"], sum(one["names"].values()), known, one["gated"])
        rows.append((name, *(f"{number:,}" for number in numbers)))
    head = ("split", "posts", "names", "with knowledge", "of these gated")
    return Section("Data", head, tuple(rows), ()) if rows else None


def numbers_section(heading: str, head: tuple[str, str], numbers: Mapping[str, object]) -> Section:
    """Totals of a run, a line each."""
    rows = ((name.replace("_", " "), _number(value)) for name, value in numbers.items())
    return Section(heading, head, tuple(rows), ())


def _number(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "-" if value is None else str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
