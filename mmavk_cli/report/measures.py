"""Precision, recall and F1 of entities, by seqeval, under the two rules the field uses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Rule = Literal["strict", "conlleval"]
"""`strict`: IOB2 as written, an I- that continues nothing is no entity. `conlleval`: it begins one."""


OVERALL = "overall"


@dataclass(frozen=True, slots=True)
class Scores:
    """Percent, and the number of gold entities."""

    precision: float
    recall: float
    f1: float
    gold: int


def measure(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], rule: Rule) -> dict[str, Scores]:
    """Micro-averaged scores under `overall`, and a row a type.

    Raises:
        ValueError: the sequences differ in length.
    """
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    gold, predicted = [list(tags) for tags in gold], [list(tags) for tags in predicted]
    if [len(tags) for tags in gold] != [len(tags) for tags in predicted]:
        raise ValueError("gold and predicted tags differ in length")
    if all(tag == "O" for tags in (*gold, *predicted) for tag in tags):
        return {OVERALL: Scores(0.0, 0.0, 0.0, 0)}
    mode = {"mode": "strict", "scheme": IOB2} if rule == "strict" else {}
    table = classification_report(gold, predicted, output_dict=True, zero_division=0, **mode)
    rows = {OVERALL: table.pop("micro avg")} | {name: row for name, row in table.items() if not name.endswith(" avg")}
    return {name: _scores(row) for name, row in rows.items()}


def _scores(row: dict[str, float]) -> Scores:
    precision, recall, f1 = (100 * float(row[part]) for part in ("precision", "recall", "f1-score"))
    return Scores(precision, recall, f1, int(row["support"]))
