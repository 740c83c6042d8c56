"""Tables of results, sweeps and Table 1, on numbers worked by hand."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.records import Span
from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.pairwise import Gap, gaps, sentence
from mmavk_cli.report.metrics.significance import Difference, ResamplingSettings
from mmavk_cli.report.paper.fig4 import swept
from mmavk_cli.report.paper.published import PublishedScores, published_scores
from mmavk_cli.report.paper.table1 import Number, Table1
from mmavk_cli.report.paper.tables_3_and_4 import System, results
from mmavk_cli.report.table_section import Section, markdown
from mmavk_cli.spans import adaseq_spans, tag_names

RIGHT, WRONG = Count(1, 0, 0), Count(0, 1, 1)
PAPER = PublishedScores("a paper", "large", {"a": (10.0, 20.0, 30.0), "old": (1.0, 2.0, 3.0)})
GOOD, BAD = [RIGHT] * 16, [WRONG] * 12 + [RIGHT] * 4


def table():
    systems = [
        System("a", {1: GOOD, 2: GOOD}),
        System("b", {1: BAD, 2: GOOD}, ("a note",)),
        System("c", {1: BAD}),
        System("old", {}, ("not run",)),
    ]
    return results("table9", "set", "small", (1, 2), systems, PAPER)


def test_rows_hold_ours_beside_the_papers():
    section = table().section()
    assert section.heading == "table9 on set test, 16 posts, 16 names, strict, seeds 1, 2"
    rows = {row[0]: row[1:] for row in section.rows}
    assert rows["a"] == ("100.00±0.00", "100.00±0.00", "100.00±0.00", "100.0-100.0", "10.00", "20.00", "30.00")
    assert rows["b"][:3] == ("62.50±53.03",) * 3
    assert rows["b"][4:] == ("-", "-", "-")
    assert rows["c"][:3] == ("25.00",) * 3
    assert rows["old"] == ("-", "-", "-", "-", "1.00", "2.00", "3.00")
    assert section.remarks[:3] == ("ours: encoder small; paper (a paper): large", "b: a note", "old: not run")


def test_gaps_are_of_the_seeds_that_all_have():
    found = {(one.first, one.second): one.gap for one in table().gaps}
    assert found.keys() == {("a", "b"), ("a", "c"), ("b", "c")}
    assert found["a", "c"].difference == 75  # seed 1 alone: c has no other
    assert found["a", "c"].significant
    assert found["b", "c"].difference == 0
    assert not found["b", "c"].significant


def test_a_table_is_complete_when_every_row_has_every_seed():
    assert not table().complete
    both = [System("a", {1: GOOD, 2: GOOD}), System("b", {2: BAD, 1: BAD})]
    assert results("t", "set", "small", (1, 2), both, PAPER).complete
    assert results("t", "set", "small", (1, 2), [System("old", {})], PAPER).gaps == ()


def test_p_values_are_raised_for_all_pairs():
    alone = gaps(["a", "c"], [GOOD, BAD], ResamplingSettings(), lambda _done, _all: None)[0].gap.p
    three = gaps(["a", "c", "c2"], [GOOD, BAD, BAD], ResamplingSettings(), lambda _done, _all: None)
    assert three[0].gap.p == pytest.approx(3 * alone)


@pytest.mark.parametrize(
    ("difference", "significant", "end"),
    [
        (1.0, True, ": one is better"),
        (-1.0, True, ": two is better"),
        (1.0, False, ": no gap that is more than chance"),
    ],
)
def test_only_a_significant_gap_is_called_one(difference: float, significant: bool, end: str):
    gap = Gap("one", "two", Difference(difference, (-2.0, 3.0), 0.2, significant))
    assert sentence(gap).endswith(end)


def test_markdown_has_a_line_a_row_and_no_open_bars():
    page = markdown([Section("head", ("", "n"), (("a|b", "1"),), ("said",)), Section("two", ("",), (), ())])
    assert page.splitlines()[:7] == ["## head", "", "|  | n |", "| :--- | ---: |", "| a\\|b | 1 |", "", "- said"]
    assert "## two" in page


def test_published_scores_are_those_of_the_paper(shared_data):
    import json

    paper = json.loads((shared_data.parent / "paper" / "published.json").read_text("utf-8"))
    for ours, theirs in (("table3", "table3_knowledge"), ("table4", "table4_fusion")):
        for name in ("twitter2015", "twitter2017"):
            found = published_scores(ours, name)
            assert {row: list(numbers) for row, numbers in found.rows.items()} == paper[theirs][name]
            assert found.source.startswith("MMAVK, 2025, Table")
    assert published_scores("table4", "elsewhere").rows == {}


def test_a_sweep_takes_each_post_from_the_answers_its_knowledge_gives():
    every, none = {1: [RIGHT, RIGHT, RIGHT, WRONG]}, {1: [WRONG, WRONG, RIGHT, RIGHT]}
    points = swept(every, none, [0.1, 0.3, None, 0.2], [0.0, 0.2, 0.25, 0.31])
    assert [one.gated for one in points] == [0, pytest.approx(1 / 3), pytest.approx(2 / 3), 1]
    assert [one.scores.f1.mean for one in points] == [75, 50, 75, 50]


def test_table1_names_what_no_rule_gives():
    numbers = (
        Number("test", "PER", 5, 5, 6, 6),
        Number("test", "ORG", 9, 7, 8, 8),
        Number("test", "SHIP", None, 1, 1, 1),
        Number("test", "tweets", 3, 3, 3, 3),
    )
    section = Table1("set", "a paper", numbers, ("a slip",)).section()
    assert [row[-1] for row in section.rows] == ["strict", "none (strict -2)", "", "all"]
    assert section.remarks == (
        "2 of 3 printed numbers are given by a rule (a paper)",
        "no rule gives: test ORG",
        "a slip",
    )
    nothing = Table1("set", "", (numbers[2],), ()).section()
    assert nothing.remarks == ("nothing is published of this data set",)


def reader(tags: Sequence[str]) -> list[Span]:
    """AdaSeq's rule told as what a reader does: a name goes on with every I-, and is of the type it was called last."""
    found: list[Span] = []
    inside = False
    for index, tag in enumerate(tags):
        if tag == "O":
            inside = False
        elif tag[0] == "I" and inside:
            found[-1] = Span(found[-1].start, index + 1, tag[2:])
        else:
            found.append(Span(index, index + 1, tag[2:]))
            inside = True
    return found


@given(st.lists(st.sampled_from(tag_names(("PER", "LOC"))), max_size=8))
def test_adaseq_reads_tags_as_its_reader_does(tags: list[str]):
    assert adaseq_spans(tags) == reader(tags)


def test_adaseq_differs_from_both_other_rules():
    assert adaseq_spans(["I-PER", "O", "B-LOC", "I-ORG"]) == [Span(0, 1, "PER"), Span(2, 4, "ORG")]
