"""The data card: what a run read, in numbers. No text of a post is in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mmavk_cli.base.records import Json
from mmavk_cli.report.table_section import Section
from mmavk_cli.spans import listed


@dataclass(frozen=True, slots=True)
class DataCard:
    """A page about the data of one run, named `title`."""

    title: str
    datasets: tuple[str, ...]
    splits: Section
    names: Section
    knowledge: Section
    pictures: Section
    labels: Section
    repeats: Section
    other_naming: bool


def data_card(name: str, run: Json, data: Json, meanings: Mapping[str, str], labels: Collection[str]) -> DataCard:
    """The card of what a run read: from its run.json and data.json.

    `meanings` says of each kind of finding what it is; those in `labels` are about tags, the others about repeats.

    Args:
        name: of the run.
        run: its run.json.
        data: its data.json.
        meanings: kind of finding → what it means.
        labels: the kinds that are about tags; the others are about duplicates.
    """
    splits: dict[str, Json] = data["splits"]
    prints: Json = run.get("data") or {}
    rows = [(one, *_counts(facts), str(prints.get(one, "-"))) for one, facts in splits.items()]
    found = [
        (dataset, meanings[kind], group, f"{number:,}", kind)
        for dataset, kinds in data["findings"].items()
        for kind, groups in kinds.items()
        for group, number in groups.items()
    ]
    head = ("data set", "what", "where", "number")
    return DataCard(
        f"Data of the run {name}",
        tuple(data["findings"]),
        Section("", ("split", "posts", "words", "SHA-256 of the file"), tuple(rows), (), 1),
        Section("", ("split", "rule", *_types(splits), "all"), tuple(_names(splits)), (), 2),
        Section("", ("split", "recipe", "posts", "gated in all"), tuple(_knowledge(splits)), (), 2),
        Section("", ("split", "named", "files there", "missing", "placeholder"), tuple(_pictures(splits)), ()),
        Section("", head, tuple(row[:4] for row in found if row[4] in labels), (), 3),
        Section("", head, tuple(row[:4] for row in found if row[4] not in labels), (), 3),
        any("other-naming" in kinds for kinds in data["findings"].values()),
    )


def _counts(facts: Json) -> tuple[str, str]:
    return f"{facts['posts']:,}", f"{facts['words']:,}"


def _types(splits: Mapping[str, Json]) -> tuple[str, ...]:
    return listed(name for facts in splits.values() for name in facts["names_conlleval"])


def _names(splits: Mapping[str, Json]) -> list[tuple[str, ...]]:
    types = _types(splits)
    return [
        (split, rule, *(f"{facts[key].get(one, 0):,}" for one in types), f"{sum(facts[key].values()):,}")
        for split, facts in splits.items()
        for rule, key in (("strict", "names"), ("conlleval", "names_conlleval"))
    ]


def _knowledge(splits: Mapping[str, Json]) -> list[tuple[str, ...]]:
    return [
        (split, recipe, f"{posts:,} of {facts['posts']:,}", f"{facts['gated']:,}")
        for split, facts in splits.items()
        for recipe, posts in facts["knowledge"].items()
    ]


def _pictures(splits: Mapping[str, Json]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for split, facts in splits.items():
        named, there, placeholder = (facts["pictures"][key] for key in ("named", "there", "placeholder"))
        missing = f"{named - there:,}" if there else "-"
        rows.append((split, f"{named:,}", f"{there:,}" if there else "none here", missing, f"{placeholder:,}"))
    return rows
