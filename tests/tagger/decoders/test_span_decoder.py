"""The span decoder against plain loops, and against numbers worked out by hand."""

from math import exp, log

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.records import Span
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.decoders.candidates import candidates, without_overlap
from mmavk_cli.tagger.decoders.span import LONGEST, SpanDecoder
from mmavk_cli.tagger.parts import Sizes

TYPES = ("PER", "LOC")
SIZES = Sizes(6)
LENGTHS = np.array([13, 2, 0, 3])
TOO_LONG = Span(1, 12, "PER")
GOLD = ((Span(0, 1, "LOC"), TOO_LONG), (Span(0, 2, "LOC"),), (), ())
DECODER = SpanDecoder(tag_names(TYPES))


def words(seed: int) -> torch.Tensor:
    return torch.randn(4, 13, 6, generator=torch.Generator().manual_seed(seed)) * 3


def listed(lengths: list[int], longest: int) -> list[tuple[int, int, int]]:
    """All candidates, in plain loops."""
    return [
        (post, start, end)
        for post, length in enumerate(lengths)
        for start in range(length)
        for end in range(start + 1, min(length, start + longest) + 1)
    ]


def probabilities(scores: list[float]) -> list[float]:
    parts = [exp(score - max(scores)) for score in scores]
    return [part / sum(parts) for part in parts]


def test_four_words_have_nine_spans_up_to_three_words() -> None:
    among = candidates(np.array([4]), 3)
    spans = list(zip(among.start.tolist(), among.end.tolist(), strict=True))
    assert spans == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]


@given(st.lists(st.integers(0, 14), max_size=5), st.integers(1, 12))
def test_candidates_equal_plain_loops(lengths: list[int], longest: int) -> None:
    among = candidates(np.array(lengths, np.int64), longest)
    found = list(zip(among.post.tolist(), among.start.tolist(), among.end.tolist(), strict=True))
    assert found == listed(lengths, longest)


def test_the_choice_is_greedy() -> None:
    scores = {(0, 2): 0.9, (1, 3): 0.95, (2, 3): 0.6, (3, 4): 0.7, (0, 1): 0.5}
    taken = without_overlap(list(scores), list(scores.values()))
    assert [list(scores)[one] for one in taken] == [(0, 1), (1, 3), (3, 4)]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(0, 5)), max_size=12))
def test_what_is_taken_overlaps_nothing_and_what_is_left_loses(drawn: list[tuple[int, int, int]]) -> None:
    spans = [(start, start + size) for start, size, _ in drawn]
    scores = [score / 5 for *_, score in drawn]
    taken = without_overlap(spans, scores)
    covered = [word for one in taken for word in range(*spans[one])]
    assert len(covered) == len(set(covered))
    for left in set(range(len(spans))).difference(taken):
        rivals = [one for one in taken if spans[one][0] < spans[left][1] and spans[left][0] < spans[one][1]]
        assert max(scores[one] for one in rivals) >= scores[left]


def test_scores_add_up_those_of_the_first_and_of_the_last_word() -> None:
    layers = DECODER.layers(SIZES)
    made = words(0)
    own = layers(made, LENGTHS)
    assert {name: tuple(one.shape) for name, one in layers.tensors().items()} == DECODER.shapes(SIZES)
    wanted = [
        layers.span_start(made[post, start]) + layers.span_end(made[post, end - 1])
        for post, start, end in listed(LENGTHS.tolist(), LONGEST)
    ]
    torch.testing.assert_close(own, torch.stack(wanted))
    np.testing.assert_allclose(layers.head().logits(made.numpy(), LENGTHS), own.detach().numpy(), atol=1e-4)


def test_the_loss_is_summed_over_candidates_and_averaged_over_posts() -> None:
    layers = DECODER.layers(SIZES)
    made = words(1)
    right = {(0, 0, 1): 2, (1, 0, 2): 2}  # the name of 11 words is no candidate
    total = 0.0
    for key, scores in zip(listed(LENGTHS.tolist(), LONGEST), layers(made, LENGTHS).tolist(), strict=True):
        total -= log(probabilities(scores)[right.get(key, 0)])
    # The post without words counts nothing.
    assert layers.loss(made, GOLD, LENGTHS).item() == pytest.approx(total / 3, rel=1e-5)


def test_decoding_equals_plain_loops_and_scores_are_probabilities_of_types() -> None:
    head = DECODER.layers(SIZES).head()
    logits = head.logits(words(2).numpy(), LENGTHS)
    found = head.spans(logits, LENGTHS)
    left = []
    for (post, start, end), row in zip(listed(LENGTHS.tolist(), LONGEST), logits.tolist(), strict=True):
        chance = probabilities(row)
        if max(chance) > chance[0]:
            left.append((-max(chance), post, Span(start, end, TYPES[chance.index(max(chance)) - 1])))
    wanted: list[list[tuple[Span, float]]] = [[] for _ in LENGTHS]
    for negative, post, span in sorted(left):
        if all(span.end <= other.start or other.end <= span.start for other, _ in wanted[post]):
            wanted[post].append((span, -negative))
    assert [[one.span for one in post] for post in found] == [[span for span, _ in sorted(post)] for post in wanted]
    scores = [score for post in wanted for _, score in sorted(post)]
    assert [one.score for post in found for one in post] == pytest.approx(scores)
    assert scores


def test_padding_and_order_change_nothing() -> None:
    layers = DECODER.layers(SIZES)
    head = layers.head()
    made = words(3)
    order = [3, 1, 0, 2]
    lengths = LENGTHS[order]
    moved = torch.cat([made, made], 1)[order]
    for row, length in zip(moved, lengths, strict=True):
        row[length:] = 9.0
    gold = [GOLD[at] for at in order]
    loss = layers.loss(made, GOLD, LENGTHS).item()
    assert layers.loss(moved, gold, lengths).item() == pytest.approx(loss, rel=1e-5)
    found = head.spans(head.logits(made.numpy(), LENGTHS), LENGTHS)
    again = head.spans(head.logits(moved.numpy(), lengths), lengths)
    for at, post in zip(order, again, strict=True):
        assert [one.span for one in post] == [one.span for one in found[at]]
        assert [one.score for one in post] == pytest.approx([one.score for one in found[at]], abs=1e-5)


def test_posts_without_words_have_no_spans() -> None:
    layers = DECODER.layers(SIZES)
    none = np.zeros(2, np.int64)
    empty = torch.zeros(2, 0, 6)
    assert layers(empty, none).shape == (0, 3)
    assert layers.loss(empty, ((), ()), none).item() == 0
    head = layers.head()
    assert head.spans(head.logits(empty.numpy(), none), none) == [[], []]
