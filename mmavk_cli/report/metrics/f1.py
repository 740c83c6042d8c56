"""Precision, recall and F1 of entities, by seqeval, under the two rules the field uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from mmavk_cli.base.records import Span
from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.spans import lenient_spans, strict_spans

Rule = Literal["strict", "conlleval"]
"""`strict`: IOB2 as written, an I- that continues nothing is no entity. `conlleval`: it begins one."""

SPANS: dict[Rule, Callable[[Sequence[str]], list[Span]]] = {"strict": strict_spans, "conlleval": lenient_spans}
"""How each rule reads tags."""

OVERALL = "overall"
AVERAGES = ("micro avg", "macro avg", "weighted avg")
"""Rows of seqeval that are no type's."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Percent, the number of gold entities, and the 95 % interval of F1 where one was drawn."""

    precision: float
    recall: float
    f1: float
    gold: int
    interval: tuple[float, float] | None = None


def measure(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], rule: Rule) -> dict[str, Scores]:
    """Micro-averaged scores under `overall`, and a row a type.

    Raises:
        ValueError: the sequences differ in length.
    """
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    gold = [list(tags) for tags in gold]
    predicted = [list(tags) for tags in predicted]
    if list(map(len, gold)) != list(map(len, predicted)):
        raise ValueError("gold and predicted tags differ in length")
    if not any(SPANS[rule](tags) for tags in (*gold, *predicted)):  # seqeval takes the mean of nothing
        return {OVERALL: Scores(0.0, 0.0, 0.0, 0)}
    mode = {"mode": "strict", "scheme": IOB2} if rule == "strict" else {}
    table = classification_report(gold, predicted, output_dict=True, zero_division=0, **mode)
    rows = {OVERALL: table["micro avg"]} | {name: row for name, row in table.items() if name not in AVERAGES}
    return {name: _scores(row) for name, row in rows.items()}


def scores_of(counts: Sequence[Count], interval: tuple[float, float] | None = None) -> Scores:
    """Micro-averaged scores of counted names; what has no names scores 0, as in seqeval."""
    right = sum(one.right for one in counts)
    spurious = sum(one.spurious for one in counts)
    missed = sum(one.missed for one in counts)

    def percent(part: int, whole: int) -> float:
        return 100 * part / whole if whole else 0.0

    f1 = percent(2 * right, 2 * right + spurious + missed)
    return Scores(percent(right, right + spurious), percent(right, right + missed), f1, right + missed, interval)


def _scores(row: dict[str, float]) -> Scores:
    precision, recall, f1 = (100 * float(row[part]) for part in ("precision", "recall", "f1-score"))
    return Scores(precision, recall, f1, int(row["support"]))
