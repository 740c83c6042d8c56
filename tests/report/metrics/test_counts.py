"""Counts of names against seqeval, and the groups they are counted in."""

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmavk_cli.base.records import Post, Span
from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.corpus.tokenize import joined
from mmavk_cli.report.metrics.counts import NO_PICTURE, PICTURE, SEEN, UNSEEN, Count, by_group, count, surface
from mmavk_cli.report.metrics.f1 import OVERALL, SPANS, Rule, Scores, measure, scores_of

RULES: tuple[Rule, ...] = ("strict", "conlleval")
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
PAIR = st.integers(1, 7).flatmap(lambda n: st.tuples(*[st.lists(st.sampled_from(TAGS), min_size=n, max_size=n)] * 2))


def same(one: Scores, other: Scores) -> bool:
    return one.gold == other.gold and (one.precision, one.recall, one.f1) == pytest.approx(
        (other.precision, other.recall, other.f1)
    )


@settings(deadline=None)  # the first example pays for the import of seqeval
@given(st.lists(PAIR, min_size=1, max_size=4))
def test_counts_give_what_seqeval_gives_under_both_rules(posts: list[tuple[list[str], list[str]]]) -> None:
    gold, found = [one for one, _ in posts], [other for _, other in posts]
    for rule in RULES:
        spans = [[SPANS[rule](tags) for tags in side] for side in (gold, found)]
        for name, row in measure(gold, found, rule).items():
            counts = count(*spans, lambda _post, span, name=name: name in {OVERALL, span.type})
            assert same(scores_of(counts), row)


def test_tags_that_are_no_name_in_strict_iob2_score_nothing() -> None:
    assert measure([["I-PER", "O"]], [["O", "O"]], "strict") == {OVERALL: Scores(0.0, 0.0, 0.0, 0)}
    assert measure([["I-PER", "O"]], [["O", "O"]], "conlleval")[OVERALL].gold == 1


@pytest.mark.parametrize("rule", RULES)
def test_counts_give_what_seqeval_gives_on_real_tags(rule: Rule, shared_data: Path) -> None:
    gold = [post.tags or () for post in islice(read_conll(shared_data / "twitter2015" / "train.txt"), 400)]
    found = [("O", *tags[:-1]) if number % 3 else tags for number, tags in enumerate(gold)]
    spans = [[SPANS[rule](tags) for tags in side] for side in (gold, found)]
    scores = measure(gold, found, rule)[OVERALL]
    assert same(scores_of(count(*spans)), scores)
    assert 0 < scores.f1 < 100


def test_a_name_counts_as_right_only_with_its_words_and_its_type() -> None:
    gold = [[Span(0, 2, "PER"), Span(3, 4, "LOC")], []]
    found = [[Span(0, 1, "PER"), Span(3, 4, "LOC")], [Span(0, 1, "ORG")]]
    assert count(gold, found) == [Count(1, 1, 1), Count(0, 1, 0)]
    assert scores_of([Count(1, 1, 1), Count(0, 1, 0)]) == Scores(100 / 3, 50.0, 40.0, 2)
    assert scores_of([]) == Scores(0.0, 0.0, 0.0, 0)


def post(*tokens: str) -> Post:
    text, words = joined(list(tokens))
    return Post("1", text, words)


def test_groups_part_the_names() -> None:
    posts = [post("new", "York", "or", "Rome"), post("NEW", "york")]
    gold = [[Span(0, 2, "LOC"), Span(3, 4, "LOC")], [Span(0, 2, "LOC")]]
    found = [[Span(0, 2, "ORG")], [Span(0, 2, "LOC"), Span(1, 2, "PER")]]
    assert surface(posts[0], Span(0, 2, "LOC")) == "new york"
    groups = by_group(posts, gold, found, frozenset({"new york"}), [True, False])
    assert groups[SEEN] == [Count(0, 1, 1), Count(1, 0, 0)]
    assert groups[UNSEEN] == [Count(0, 0, 1), Count(0, 1, 0)]
    assert groups[PICTURE] == [Count(0, 1, 2), Count(0, 0, 0)]
    assert groups[NO_PICTURE] == [Count(0, 0, 0), Count(1, 1, 0)]


def test_what_is_not_known_makes_no_group() -> None:
    assert by_group([post("Rome")], [[]], [[]], None, None) == {}


def test_seen_names_of_the_public_test_splits_are_as_many_as_facts_say(shared_data: Path) -> None:
    """Counted by hand beforehand: 741 of 1351 under either rule in Twitter-2017, 1842 of 5207 in Twitter-2015."""
    for name, rule, seen, whole in (("twitter2017", "strict", 741, 1351), ("twitter2015", "conlleval", 1842, 5207)):
        train, test = (list(read_conll(shared_data / name / f"{split}.txt")) for split in ("train", "test"))
        known = frozenset(surface(one, span) for one in train for span in SPANS[rule](one.tags or ()))
        gold = [SPANS[rule](one.tags or ()) for one in test]
        groups = by_group(test, gold, gold, known, None)
        counts = [scores_of(groups[group]).gold for group in (SEEN, UNSEEN)]
        assert counts == [seen, whole - seen]
