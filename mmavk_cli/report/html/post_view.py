"""A post as the page shows it, the same for `mmavk tag --format html` and for a report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mmavk_cli.base.records import BadRow, Knowledge, Problem, Tagged
from mmavk_cli.report.html.highlights import Mark, marked
from mmavk_cli.report.html.posts import Answers, Case, kind_words, knowledge_words, same_names


@dataclass(frozen=True, slots=True)
class Text:
    """The post's text with the names that the runs `letters` found (empty where there is one run only)."""

    letters: str
    parts: tuple[str | Mark, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """Knowledge about the picture, as the runs `letters` had it."""

    letters: str
    knowledge: Knowledge


@dataclass(frozen=True, slots=True)
class Card:
    """One post. `kinds` and `about` are what it can be looked for by, `dataset` where it is from; `picture` is the
    file, `source` the small picture in the page.
    """

    id: str
    texts: tuple[Text, ...] = ()
    seen: tuple[Seen, ...] = ()
    picture: Path | None = None
    source: str | None = None
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    dataset: str = ""

    def shown(self, source: str | None) -> "Card":
        """The same with its picture."""
        return replace(self, source=source)


def card_of_row(row: Tagged | BadRow) -> Card:
    """A row of `mmavk tag`."""
    if isinstance(row, BadRow):
        return Card(row.id, problem=row.problem)
    return Card(
        id=row.post.id,
        texts=(Text("", tuple(marked(row.post.text, row.entities, None))),),
        seen=(Seen("", row.knowledge),) if row.knowledge else (),
        picture=None if row.problem else row.post.image,
        problem=row.problem,
        notes=row.notes,
    )


def card_of_case(
    case: Case, runs: Sequence[Answers], pair: tuple[int, int] | None, picture: Callable[[Case], Path | None]
) -> Card:
    """A post of a report.

    Args:
        case: the post, with the answers of all runs.
        runs: the answers of each run.
        pair: numbers of the runs with and without knowledge that are compared, if there are such.
        picture: finds the file of a post's picture.
    """
    if case.problem is not None:
        return Card(case.id, problem=case.problem, dataset=case.dataset)
    several = len(runs) > 1
    texts = []
    for group in same_names(case):
        parts = tuple(marked(case.text, case.answers[group[0]].found, case.gold))
        of = ", ".join(runs[number].letter for number in group)
        texts.append(Text(of if several else "", parts))
    first = next(iter(case.answers.values()))
    return Card(
        id=case.id,
        texts=tuple(texts),
        seen=_seen(case, runs),
        picture=picture(case),
        problem=first.problem,
        notes=first.notes,
        kinds=tuple(kind_words(case)),
        about=tuple(knowledge_words(case, pair)),
        dataset=case.dataset,
    )


def _seen(case: Case, runs: Sequence[Answers]) -> tuple[Seen, ...]:
    had: dict[Knowledge, list[str]] = {}
    for number, answer in case.answers.items():
        if answer.knowledge:
            had.setdefault(answer.knowledge, []).append(runs[number].letter)
    if len(runs) == 1:
        return tuple(Seen("", one) for one in had)
    return tuple(Seen(", ".join(own), one) for one, own in had.items())
