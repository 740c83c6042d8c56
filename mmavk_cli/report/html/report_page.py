"""Runs → all that the page of a report shows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote

from mmavk_cli.base.records import BadRow, Entity, Span
from mmavk_cli.report.html import charts
from mmavk_cli.report.html.post_view import Card, card_of_case
from mmavk_cli.report.html.posts import BETTER, CHANGED, WORSE, Answers, Case, cases_of, knowledge_pairs, letters
from mmavk_cli.report.html.svg import Chart
from mmavk_cli.report.metrics.pairwise import gaps, sentence
from mmavk_cli.report.predictions_reader import Answered
from mmavk_cli.report.runs import Fact, RunRead, facts_of
from mmavk_cli.report.score_tables import ErrorTable, Table, error_table, headline, score_table
from mmavk_cli.spans import in_order

WORDS = {
    "wrong": "any error", "missed": "missed", "spurious": "spurious", "boundary": "wrong boundary",
    "type": "wrong type", "right": "all right", "none": "no names", "found": "names found",
}  # fmt: skip
ABOUT = {
    CHANGED: "changed the answer", BETTER: "made it better", WORSE: "made it worse", "counted": "counted",
    "gated": "gated (weight 0)", "absent": "there is none",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter: its options are values and what they are called."""

    id: str
    name: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What the template writes. `letters` are the runs' short names and names; `chart_parts` are id, heading and
    drawings; `parts` the links to them.
    """

    title: str
    letters: Mapping[str, str]
    summary: tuple[str, ...]
    card_text: str
    facts: tuple[Fact, ...]
    more_facts: tuple[Fact, ...]
    score_charts: tuple[Chart, ...]
    scores: tuple[Table, ...]
    errors: tuple[ErrorTable, ...]
    chart_parts: tuple[tuple[str, str, tuple[Chart, ...]], ...]
    cards: tuple[Card, ...]
    choices: tuple[Choice, ...]
    types: tuple[str, ...]
    has_gold: bool
    notes: tuple[str, ...] = ()

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The links at the top."""
        there = [("summary", "Summary"), ("runs", "Runs")]
        there += [("scores", "Scores")] * bool(self.scores) + [("errors", "Errors")] * bool(self.errors)
        return [*there, *((id, name) for id, name, _ in self.chart_parts), ("posts", "Posts")]

    def with_pictures(self, sources: Sequence[str | None]) -> "Page":
        """The same with small pictures, one of each card that has a file, and a word on those that are not shown."""
        given = iter(sources)
        cards = list(self.cards)
        for at, card in enumerate(cards):
            if card.picture:
                cards[at] = card.shown(next(given))
        without = sum(one is None for one in sources)
        note = f"{without:,} of {len(sources):,} pictures are not shown: they cannot be read, or the page is full"
        return replace(self, cards=tuple(cards), notes=(*self.notes, *([note] * bool(without))))


def page_of(runs: Sequence[RunRead], logs: Mapping[str, RunRead], picture: Callable[[Case], Path | None]) -> Page:
    """Put the page together. `logs` are the trainings whose curves are drawn, by name; `picture` finds the file of a
    post's picture.
    """
    names = dict(zip(letters(len(runs)), (run.name for run in runs), strict=True))
    judged = [(letter, run) for letter, run in zip(names, runs, strict=True) if "strict" in run.scores]
    main, rest = facts_of(runs)
    answers = [_answers(letter, run) for letter, run in zip(names, runs, strict=True) if run.rows]
    cases, pairs = cases_of(answers), knowledge_pairs(answers)
    cards = tuple(card_of_case(one, answers, pairs.get(_data(one, answers)), picture) for one in cases)
    types = _types(cards)
    has_gold = any(one.gold is not None for one in cases)
    several = len(runs) > 1
    return Page(
        title="Report on " + ", ".join(dict.fromkeys(run.dataset for run in runs)),
        letters=names,
        summary=tuple(_summary(runs, names, cards)),
        card_text="What was run" + ("; lines that differ are marked" if several else ""),
        facts=tuple(main),
        more_facts=tuple(rest),
        score_charts=_score_charts(judged),
        scores=tuple(score_table(_called(letter, run, several), run.scores) for letter, run in judged),
        errors=tuple(
            error_table(_called(letter, run, several), run.scores["errors"], run.rows) for letter, run in judged
        ),
        chart_parts=tuple(one for one in _chart_parts(names, runs, logs) if one[2]),
        cards=cards,
        choices=tuple(_choices(cards, types, cases, answers)),
        types=types,
        has_gold=has_gold,
    )


def _answers(letter: str, run: RunRead) -> Answers:
    model = f"{run.setting('model')} {run.facts.get('model')}"
    return Answers(letter, run.name, model, run.dataset, run.data, run.rows)


def _data(case: Case, answers: Sequence[Answers]) -> str:
    return answers[next(iter(case.answers))].data if case.answers else ""


def _called(letter: str, run: RunRead, several: bool) -> str:
    return f"{letter}: {run.name}" if several else run.name


def _summary(runs: Sequence[RunRead], names: Mapping[str, str], cards: Sequence[Card]) -> list[str]:
    lines = []
    for letter, run in zip(names, runs, strict=True):
        name = _called(letter, run, len(runs) > 1)
        if "strict" in run.scores:
            knowledge = run.scores.get("knowledge")
            lines.append(headline(f"{name} ({run.dataset}, knowledge: {knowledge})", run.scores))
        else:
            lines.append(f"{name}: a run of mmavk {run.command}, {run.dataset}")
    lines += _gaps(runs, names)
    did = Counter(word for card in cards for word in card.about)
    if did[CHANGED]:
        lines.append(
            f"Knowledge changed the names of {did[CHANGED]} posts: "
            f"{did[BETTER]} for the better, {did[WORSE]} for the worse"
        )
    return lines


def _gaps(runs: Sequence[RunRead], names: Mapping[str, str]) -> list[str]:
    """The gap of every two runs on the first run's posts, with its p-value; none where only one has been scored."""
    from mmavk_cli.report.metrics.counts import count
    from mmavk_cli.report.metrics.significance import ResamplingSettings

    held: dict[str, list[tuple[str, RunRead]]] = {}
    for letter, run in zip(names, runs, strict=True):
        if "strict" in run.scores and run.rows:
            held.setdefault(run.data, []).append((letter, run))
    lines = []
    for group in held.values():
        posts = [_answered(run) for _, run in group]
        if len(group) < 2 or len({_ids(own) for own in posts}) > 1:  # noqa: PLR2004
            continue
        gold = [_spans(row.gold or ()) for row in posts[0]]
        counts = [count(gold, _found(own)) for own in posts]
        lettered = [letter for letter, _ in group]
        lines += [sentence(one) for one in gaps(lettered, counts, ResamplingSettings(), lambda *_: None)]
    return lines


def _answered(run: RunRead) -> list[Answered]:
    return [row for row in run.rows if isinstance(row, Answered)]


def _ids(rows: Sequence[Answered]) -> tuple[str, ...]:
    return tuple(row.id for row in rows)


def _spans(entities: Sequence[Entity]) -> list[Span]:
    return [one.span for one in entities]


def _found(rows: Sequence[Answered]) -> list[list[Span]]:
    return [_spans(row.found) for row in rows]


def _score_charts(judged: Sequence[tuple[str, RunRead]]) -> tuple[Chart, ...]:
    scores = {_called(letter, run, len(judged) > 1): run.scores["strict"] for letter, run in judged}
    made = charts.scores_chart(scores, "strict") if scores else None
    return (made,) if made else ()


def _chart_parts(
    names: Mapping[str, str], runs: Sequence[RunRead], logs: Mapping[str, RunRead]
) -> list[tuple[str, str, tuple[Chart, ...]]]:
    ends = [f", {letter}" for letter in names]
    if len(runs) == 1:
        ends = [""]
    called = list(zip(ends, runs, strict=True))
    calibrations = [charts.calibration_chart(end, run.scores["calibration"]) for end, run in called
                    if "calibration" in run.scores]  # fmt: skip
    similarities = [
        charts.similarity_chart(end, [row for row in run.rows if not isinstance(row, BadRow)]) for end, run in called
    ]
    similarities += [charts.scored_chart(end, run.scores) for end, run in called if run.command == "score"]
    sweeps = [charts.sweep_chart(end, run.scores) for end, run in called if run.command == "sweep"]
    learning = charts.learning_charts({name: run.log for name, run in logs.items()})
    return [
        ("learning", "Learning curves", tuple(learning)),
        ("calibration", "Calibration", tuple(one for one in calibrations if one)),
        ("similarity", "Similarity and threshold", tuple(one for one in similarities if one)),
        ("sweep", "Threshold sweep", tuple(one for one in sweeps if one)),
    ]


def _types(cards: Sequence[Card]) -> tuple[str, ...]:
    """The types of all names on the page, found or of the gold."""
    return in_order(unquote(kind) for card in cards for word in card.kinds if (kind := word.split(":")[2]))


def _choices(
    cards: Sequence[Card], types: Sequence[str], cases: Sequence[Case], answers: Sequence[Answers]
) -> list[Choice]:
    words = {tuple(word.split(":")) for card in cards for word in card.kinds}
    kinds = {word[1] for word in words}
    about = {word for card in cards for word in card.about}
    judged = {"wrong", "right"} if kinds - {"found", "none"} else set()
    sets = list(dict.fromkeys(case.dataset for case in cases))
    options = [
        Choice("kind", "What happened", tuple((one, text) for one, text in WORDS.items() if one in kinds | judged)),
        Choice("type", "Type", tuple((quote(one, ""), one) for one in types)),
        Choice("about", "Knowledge", tuple((one, text) for one, text in ABOUT.items() if one in about)),
        Choice("run", "In run", tuple((str(number), one.letter) for number, one in enumerate(answers))),
        Choice("set", "Data", tuple((one, one) for one in sets)),
    ]
    least = {"run": 2, "set": 2}
    return [one for one in options if len(one.options) >= least.get(one.id, 1)]
