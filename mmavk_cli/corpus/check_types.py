"""Check of a data set's types: what a training would say of them, and where."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mmavk_cli.base.records import TYPES
from mmavk_cli.corpus.check import Entry
from mmavk_cli.corpus.findings import Findings
from mmavk_cli.corpus.types import Met, types_met
from mmavk_cli.spans import in_order

TRAIN = "train"


def check_types(entries: Sequence[Entry], files: Mapping[str, Path], findings: Findings) -> None:
    """Add posts without tags, splits without names, and types that training would not learn or that no split scores.

    `files` are the splits that are there; those without a post are told elsewhere.
    """
    met: dict[str, dict[str, Met]] = {}
    for split, path in files.items():
        own = [entry for entry in entries if entry.split == split]
        for entry in own:
            if entry.post.tags is None:
                findings.add("no-tags", split, entry.places[0], f"{entry.post.text[:40]!r}")
        met[split] = _placed(own)
        if own and not met[split]:
            findings.add("no-names", split, path.name, f"{len(own)} tweets")
    for split, types in met.items():
        _check_own(split, types, findings)
    _check_alike(met, findings)
    if met.get(TRAIN):
        _check_against(met, files, findings)


def _placed(entries: Iterable[Entry]) -> dict[str, Met]:
    """The types of some entries, each with the place of the first word that has it."""
    found: dict[str, Met] = {}
    for entry in entries:
        for kind, one in types_met([entry.post]).items():
            at = next(number for number, tag in enumerate(entry.post.tags or ()) if tag[2:] == kind)
            before = found.get(kind, Met(0, entry.places[at]))
            found[kind] = Met(before.names + one.names, before.first)
    return found


def _check_own(split: str, types: Mapping[str, Met], findings: Findings) -> None:
    for kind in in_order(types):
        if kind not in TYPES:
            findings.add("own-type", split, types[kind].first, _counted(kind, types[kind]))


def _check_alike(met: Mapping[str, Mapping[str, Met]], findings: Findings) -> None:
    """Types that are equal but for their capitals, at the later one's first place."""
    spelt: dict[str, dict[str, str]] = defaultdict(dict)
    for split, types in met.items():
        for kind, one in types.items():
            others = spelt[kind.casefold()]
            if others and kind not in others:
                earlier, place = next(iter(others.items()))
                findings.add("types-alike", split, one.first, f"{kind}, but {earlier} at {place}")
            others.setdefault(kind, one.first)


def _check_against(met: Mapping[str, Mapping[str, Met]], files: Mapping[str, Path], findings: Findings) -> None:
    for split, types in met.items():
        for kind in in_order(types):
            if kind not in met[TRAIN]:
                findings.add("unseen-type", split, types[kind].first, _counted(kind, types[kind]))
        for kind in in_order(met[TRAIN]):
            if types and kind not in types:
                detail = f"{kind}, {met[TRAIN][kind].names} names in {files[TRAIN].name}"
                findings.add("untested-type", split, files[split].name, detail)


def _counted(kind: str, one: Met) -> str:
    return f"{kind}, {one.names} name{'s' * (one.names != 1)}"
