"""Posts of several runs put together, and what they can be looked for by."""

from pathlib import Path

import pytest
from written import five, five_without, write_run

from mmavk_cli.base.records import BadRow, Problem
from mmavk_cli.report.html.posts import Answers, cases_of, kind_words, knowledge_pairs, knowledge_words, letters
from mmavk_cli.report.predictions_reader import read_answers


@pytest.fixture
def runs(tmp_path: Path) -> list[Answers]:
    """The five posts without and with knowledge, in this order."""
    own, none = write_run(tmp_path / "own", five(), knowledge="blip2"), write_run(tmp_path / "none", five_without())
    return [answers("A", none), answers("B", own)]


def answers(letter: str, folder: Path) -> Answers:
    rows = tuple(read_answers(folder / "predictions.test.jsonl"))
    return Answers(letter, folder.name, "m", "ours", "sha256:1", rows)


def test_one_post_of_two_runs_is_one_case(runs: list[Answers]):
    cases = cases_of(runs)
    assert [case.id for case in cases] == ["right", "missed", "spurious", "boundary", "type"]
    assert all(set(case.answers) == {0, 1} for case in cases)


def test_posts_of_another_file_stay_apart(runs: list[Answers]):
    other = Answers("B", "other", "m", "theirs", "sha256:2", runs[1].rows)
    assert [case.dataset for case in cases_of([runs[0], other])] == ["ours"] * 5 + ["theirs"] * 5


def test_a_post_that_stands_twice_in_a_file_is_there_twice(runs: list[Answers]):
    twice = [Answers(run.letter, run.name, "m", "ours", "d", (*run.rows, run.rows[0])) for run in runs]
    assert [case.id for case in cases_of(twice)].count("right") == 2


def test_kinds_are_told_with_their_run_and_types(runs: list[Answers]):
    words = {case.id: set(kind_words(case)) for case in cases_of(runs)}
    assert words["missed"] == {f"{run}:{word}" for run in (0, 1) for word in ("correct:PER", "missed:LOC")}
    assert words["spurious"] == {f"{run}:{word}" for run in (0, 1) for word in ("spurious:MISC", "correct:LOC")}
    assert words["boundary"] == {"0:boundary:LOC", "1:boundary:LOC"}
    assert words["type"] == {"0:correct:ORG", "1:type:ORG", "1:type:PER"}


def test_what_knowledge_changed_is_told_against_the_same_model_without(runs: list[Answers]):
    pairs = knowledge_pairs(runs)
    assert pairs == {"sha256:1": (1, 0)}
    about = {case.id: knowledge_words(case, pairs["sha256:1"]) for case in cases_of(runs)}
    assert about == {
        "right": ["counted", "changed", "better"],
        "missed": ["counted"],
        "spurious": ["gated"],
        "boundary": ["absent"],
        "type": ["counted", "changed", "worse"],
    }


def test_another_model_is_no_measure_of_knowledge(runs: list[Answers]):
    other = Answers("A", "none", "another", "ours", "sha256:1", runs[0].rows)
    assert knowledge_pairs([other, runs[1]]) == {}


def test_a_row_that_is_no_post_is_a_case_with_its_fault():
    problem = Problem("DataError", "no 'text'", "posts.jsonl:3", "Put it there")
    (case,) = cases_of([Answers("A", "r", "m", "d", "d", (BadRow("3", problem),))])
    assert case.problem == problem and kind_words(case) == [] and knowledge_words(case, None) == []


def test_letters_do_not_run_out():
    assert letters(3) == ["A", "B", "C"]
    assert len(set(letters(60))) == 60
