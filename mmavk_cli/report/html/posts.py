"""The posts of several runs, each with what every run found in it, and what it can be looked for by."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import quote

from mmavk_cli.base.records import BadRow, Entity, Knowledge, Problem
from mmavk_cli.report.html.highlights import CORRECT, labels_of
from mmavk_cli.report.predictions_reader import Answered

CHANGED, BETTER, WORSE = "changed", "better", "worse"


@dataclass(frozen=True, slots=True)
class Answers:
    """What one run found. `data` is the digest of the file it read (its folder, where it does not say), `model` what
    found the names; `letter` is the run's short name on the page.
    """

    letter: str
    name: str
    model: str
    dataset: str
    data: str
    rows: Sequence[Answered | BadRow]

    @property
    def reads_knowledge(self) -> bool:
        """Knowledge counted in a post at least."""
        return any(isinstance(row, Answered) and _counts(row.knowledge) for row in self.rows)


@dataclass(slots=True)
class Case:
    """One post, or a row that is none (`problem`); `answers` by the number of the run."""

    id: str
    text: str
    dataset: str
    gold: tuple[Entity, ...] | None
    answers: dict[int, Answered] = field(default_factory=dict[int, Answered])
    problem: Problem | None = None


def cases_of(runs: Sequence[Answers]) -> list[Case]:
    """The posts of all runs, in the order of the first that has them; one post where runs read the same file."""
    found: dict[tuple[str, str, str, int], Case] = {}
    for number, run in enumerate(runs):
        times: Counter[tuple[str, str]] = Counter()
        for row in run.rows:
            text = "" if isinstance(row, BadRow) else row.text
            times[row.id, text] += 1
            key = (run.data, row.id, text, times[row.id, text])
            if isinstance(row, BadRow):
                found.setdefault(key, Case(row.id, "", run.dataset, None, problem=row.problem))
                continue
            case = found.setdefault(key, Case(row.id, text, run.dataset, row.gold))
            case.answers[number] = row
    return list(found.values())


def knowledge_pairs(runs: Sequence[Answers]) -> dict[str, tuple[int, int]]:
    """Of each file: the first run that reads knowledge, and the first of the same model that reads none."""
    found: dict[str, tuple[int, int]] = {}
    for one, run in enumerate(runs):
        if run.data in found or not run.reads_knowledge:
            continue
        for other, blank in enumerate(runs):
            if blank.data == run.data and blank.model == run.model and not blank.reads_knowledge:
                found[run.data] = (one, other)
                break
    return found


def kind_words(case: Case) -> list[str]:
    """What happened to the names: `RUN:KIND:TYPE` each, a name of two types or kinds with all of them. In a type all
    but letters, digits and `_.-~` stand as in an address, `%20`: the words are separated by blanks.

    Kinds are those of `confusion.KINDS` without `both`, which is `boundary` and `type`; `found` where no gold is known,
    `none` where there is no name.
    """
    words: dict[str, None] = {}
    for number, answer in case.answers.items():
        labels = labels_of(answer.found, case.gold)
        for label in labels:
            kinds = ("boundary", "type") if label.kind == "both" else (label.kind,)
            kinds = ("found",) if case.gold is None else kinds
            for kind in kinds:
                words |= {f"{number}:{kind}:{quote(one, '')}": None for one in (label.gold, label.found) if one}
        if not labels:
            words[f"{number}:none:"] = None
    return list(words)


def knowledge_words(case: Case, pair: tuple[int, int] | None) -> list[str]:
    """Whether there is knowledge (`counted`, `gated`, `absent`) and what it did (`changed`, `better`, `worse`)."""
    main = case.answers[pair[0]] if pair and pair[0] in case.answers else next(iter(case.answers.values()), None)
    if main is None:
        return []
    words = ["absent"]
    if main.knowledge is not None:
        words = ["counted" if _counts(main.knowledge) else "gated"]
    blank = case.answers.get(pair[1]) if pair else None
    if blank is None or _names(main) == _names(blank):
        return words
    words.append(CHANGED)
    if case.gold is not None:
        faults, faults_without = (_faults(one, case.gold) for one in (main, blank))
        if faults != faults_without:
            words.append(BETTER if faults < faults_without else WORSE)
    return words


def same_names(case: Case) -> list[list[int]]:
    """The runs that answered, those with the same names together, in order."""
    groups: dict[frozenset[tuple[int, int, str]], list[int]] = {}
    for number, answer in case.answers.items():
        groups.setdefault(_names(answer), []).append(number)
    return list(groups.values())


def letters(runs: int) -> list[str]:
    """A, B, … Z, A1, B1, …"""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [f"{alphabet[at % 26]}{at // 26 or ''}" for _, at in zip(range(runs), count(), strict=False)]


def _names(answer: Answered) -> frozenset[tuple[int, int, str]]:
    return frozenset((one.start, one.end, one.type) for one in answer.found)


def _faults(answer: Answered, gold: tuple[Entity, ...]) -> int:
    return sum(label.kind != CORRECT for label in labels_of(answer.found, gold))


def _counts(knowledge: Knowledge | None) -> bool:
    return knowledge is not None and knowledge.weight > 0
