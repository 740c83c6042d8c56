"""Tables of a report: scores a type under both rules, gaps between runs, what was confused with what."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mmavk_cli.base.records import BadRow, Json
from mmavk_cli.report.html.highlights import labels_of
from mmavk_cli.report.metrics.confusion import KINDS, NONE
from mmavk_cli.report.metrics.f1 import OVERALL
from mmavk_cli.report.predictions_reader import Answered

RULES = ("strict", "conlleval")


@dataclass(frozen=True, slots=True)
class Table:
    """The first column is words, the others numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorTable:
    """Counts of errors, what happened to the names of each type, and gold types against found types; a cell is its
    found type, its number, and its share of the row.
    """

    heading: str
    counts: str
    kinds: Table
    types: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, int, float], ...]], ...]


def score_table(caption: str, scores: Json) -> Table:
    """Scores of one run (its scores.json) overall, a type and a group."""
    strict, lenient = (scores.get(rule) or {} for rule in RULES)
    rows = [(name, *_cells(strict.get(name)), _f1(lenient.get(name))) for name in dict.fromkeys((*strict, *lenient))]
    groups: Mapping[str, Json] = (scores.get("groups") or {}).get("strict") or {}
    rows += [(name, *_cells(one), _f1(_of_group(scores, name))) for name, one in groups.items()]
    head = ("strict", "P", "R", "F1", "95 %", "gold", "F1, conlleval")
    return Table(caption, head, tuple(rows), tuple(_remarks(scores)))


def error_table(heading: str, errors: Json, answers: Sequence[Answered | BadRow]) -> ErrorTable:
    """The confusion of one run: `errors` of its scores.json, and its posts."""
    types: dict[str, dict[str, int]] = errors.get("types") or {}
    names = sorted({*types, *(one for row in types.values() for one in row)}, key=lambda name: (name == NONE, name))
    rows = []
    for gold in names:
        row = types.get(gold, {})
        most = max(1, sum(row.values()))
        rows.append((gold, tuple((found, row.get(found, 0), row.get(found, 0) / most) for found in names)))
    counts = ", ".join(f"{errors.get(kind, 0):,} {kind}" for kind in KINDS)
    return ErrorTable(heading, counts, kinds_table(answers), tuple(names), tuple(rows))


def kinds_table(rows: Sequence[Answered | BadRow]) -> Table:
    """What happened to the names of each type, boundary errors apart from type errors: by the gold's type, a spurious
    name by its own. Names of the gold are in strict IOB2.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if isinstance(row, Answered):
            counts.update((label.gold or label.found, label.kind) for label in labels_of(row.found, row.gold))
    types = sorted({kind for kind, _ in counts})
    cells = []
    for one in types:
        numbers = [f"{counts[one, kind]:,}" for kind in KINDS]
        cells.append((one, *numbers))
    return Table("", ("strict", *KINDS), tuple(cells))


def headline(name: str, scores: Json) -> str:
    """One sentence on a run's scores."""
    overall = scores["strict"][OVERALL]
    ends = overall.get("interval")
    interval = f" (95 % interval {ends[0]:.1f} to {ends[1]:.1f})" if ends else ""
    return f"{name}: F1 {overall['f1']:.2f}{interval}, strict, over {overall['gold']:,} names of the gold"


def _of_group(scores: Json, name: str) -> Json | None:
    found: Json = (scores.get("groups") or {}).get("conlleval") or {}
    return found.get(name)


def _cells(one: Json | None) -> tuple[str, ...]:
    if one is None:
        return ("-",) * 5
    if not one["gold"]:  # there is nothing to find, so nothing to score
        return *("-",) * 4, "0"
    ends = one.get("interval")
    numbers = (f"{one[part]:.2f}" for part in ("precision", "recall", "f1"))
    return (*numbers, "{:.1f} to {:.1f}".format(*ends) if ends else "-", f"{one['gold']:,}")


def _f1(one: Json | None) -> str:
    return f"{one['f1']:.2f}" if one and one["gold"] else "-"


def _remarks(scores: Json) -> Sequence[str]:
    tested: Mapping[str, Json] = scores.get("picture_test") or {}
    found = []
    for pairing, one in tested.items():
        gap = one["own_minus"]
        low, high = gap["interval"]
        verdict = "" if gap["significant"] else ": no gap that is more than chance"
        found.append(
            f"with {pairing} knowledge F1 {one['f1']:.2f}; own minus {pairing} {gap['difference']:+.2f}, 95 % interval"
            f" {low:+.2f} to {high:+.2f}, p = {gap['p']:.4f}{verdict}"
        )
    return found
