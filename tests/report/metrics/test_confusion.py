"""Errors: what kind each is, and that every name is in one of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.records import Span
from mmavk_cli.report.metrics.confusion import KINDS, NONE, confusion, kind, pairs
from mmavk_cli.spans import strict_spans

TAGS = st.lists(st.sampled_from(("O", "B-PER", "I-PER", "B-LOC", "I-LOC")), min_size=9, max_size=9)
SPANS = TAGS.map(strict_spans)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Span(2, 4, "PER"), "correct"),
        (Span(2, 3, "PER"), "boundary"),
        (Span(1, 5, "PER"), "boundary"),
        (Span(2, 4, "LOC"), "type"),
        (Span(3, 6, "LOC"), "both"),
    ],
)
def test_kind_of_one_pair(found: Span, expected: str) -> None:
    assert kind((Span(2, 4, "PER"), found)) == expected
    errors = confusion([[Span(2, 4, "PER")]], [[found]])
    assert {name: getattr(errors, name) for name in KINDS} == {name: int(name == expected) for name in KINDS}
    assert errors.types == {"PER": {found.type: 1}}


def test_names_that_share_no_word_are_missed_and_spurious() -> None:
    errors = confusion([[Span(0, 2, "PER")]], [[Span(2, 3, "PER")]])
    assert (errors.missed, errors.spurious) == (1, 1)
    assert errors.types == {"PER": {NONE: 1}, NONE: {"PER": 1}}


def test_same_words_go_before_a_wider_overlap_and_each_name_is_used_once() -> None:
    gold = [Span(0, 1, "PER"), Span(1, 4, "LOC")]
    found = [Span(0, 3, "LOC"), Span(3, 4, "LOC")]
    assert list(pairs(gold, found)) == [(gold[1], found[0]), (gold[0], None), (None, found[1])]
    gold, found = [Span(0, 4, "PER")], [Span(0, 2, "LOC"), Span(2, 4, "PER")]
    assert next(pairs(gold, found)) == (gold[0], found[1]), "of two equal overlaps that of the same type"


@given(st.lists(st.tuples(SPANS, SPANS), max_size=4))
def test_every_name_is_counted_once(posts: list[tuple[list[Span], list[Span]]]) -> None:
    gold, found = [one for one, _ in posts], [other for _, other in posts]
    errors = confusion(gold, found)
    shared = errors.correct + errors.boundary + errors.type + errors.both
    assert shared + errors.missed == sum(map(len, gold))
    assert shared + errors.spurious == sum(map(len, found))
    assert errors.correct == sum(len(set(one) & set(other)) for one, other in posts)
    table = [(one, other, number) for one, row in errors.types.items() for other, number in row.items()]
    assert sum(number for one, other, number in table if one == other) == errors.correct + errors.boundary
    assert sum(number for one, other, number in table if NONE in (one, other)) == errors.missed + errors.spurious
