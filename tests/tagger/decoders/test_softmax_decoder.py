"""The softmax decoder against plain loops."""

from math import exp, log, prod

import numpy as np
import pytest
import torch

from mmavk_cli.base.records import Span
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.decoders.softmax import SoftmaxDecoder
from mmavk_cli.tagger.parts import Sizes

TAGS = tag_names(("PER", "LOC"))
SIZES = Sizes(6)
LENGTHS = np.array([5, 2, 0, 3])
GOLD = ((Span(0, 2, "PER"), Span(2, 3, "LOC")), (Span(1, 2, "LOC"),), (), ())
WANTED = (("B-PER", "I-PER", "B-LOC", "O", "O"), ("O", "B-LOC"), (), ("O", "O", "O"))
DECODER = SoftmaxDecoder(TAGS)


def words(seed: int) -> torch.Tensor:
    return torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(seed)) * 3


def probabilities(scores: list[float]) -> list[float]:
    parts = [exp(score) for score in scores]
    return [part / sum(parts) for part in parts]


def test_the_loss_is_summed_over_words_and_averaged_over_posts() -> None:
    layers = DECODER.layers(SIZES)
    given = words(0)
    scores = layers(given, LENGTHS).tolist()
    by_post = [
        -sum(log(probabilities(scores[post][word])[TAGS.index(tag)]) for word, tag in enumerate(tags))
        for post, tags in enumerate(WANTED)
    ]
    # The post without words counts nothing.
    assert layers.loss(given, GOLD, LENGTHS).item() == pytest.approx(sum(by_post) / 3, abs=1e-4)


def test_padding_and_order_change_nothing() -> None:
    layers, head = (made := DECODER.layers(SIZES)), made.head()
    given = words(1)
    loss = layers.loss(given, GOLD, LENGTHS).item()
    found = head.spans(head.logits(given.numpy(), LENGTHS), LENGTHS)
    order = [3, 1, 0, 2]
    other = torch.cat([given, torch.full((4, 2, 6), 9.0)], 1)[order]
    for row, length in zip(other, LENGTHS[order], strict=True):
        row[length:] = 7.0
    # W is the longest post's: what the training batches and the lines of the predictor have.
    moved = other[:, :5]
    assert layers.loss(moved, [GOLD[at] for at in order], LENGTHS[order]).item() == pytest.approx(loss, abs=1e-5)
    again = head.spans(head.logits(moved.numpy(), LENGTHS[order]), LENGTHS[order])
    assert [[one.span for one in post] for post in again] == [[one.span for one in found[at]] for at in order]
    wider = head.spans(head.logits(other.numpy(), LENGTHS[order]), LENGTHS[order])
    assert wider == again


def test_torch_and_numpy_give_the_same_scores() -> None:
    layers = DECODER.layers(SIZES)
    given = words(2)
    own = layers(given, LENGTHS).detach().numpy()
    np.testing.assert_allclose(layers.head().logits(given.numpy(), LENGTHS), own, atol=1e-5)
    assert {name: tuple(one.shape) for name, one in layers.tensors().items()} == DECODER.shapes(SIZES)


def test_an_orphan_begins_an_entity_and_the_score_is_a_product() -> None:
    tags = ("I-PER", "I-PER", "I-LOC", "O", "B-LOC")
    chance = np.random.default_rng(3)
    logits = chance.uniform(-1, 1, (1, 5, len(TAGS))).astype(np.float32)
    for word, tag in enumerate(tags):
        logits[0, word, TAGS.index(tag)] = 3
    own = [probabilities(row)[TAGS.index(tag)] for row, tag in zip(logits[0].tolist(), tags, strict=True)]
    (found,) = DECODER.layers(SIZES).head().spans(logits, np.array([5]))
    assert [one.span for one in found] == [Span(0, 2, "PER"), Span(2, 3, "LOC"), Span(4, 5, "LOC")]
    assert [one.score for one in found] == pytest.approx([prod(own[:2]), own[2], own[4]])


def test_huge_scores_stay_probabilities() -> None:
    logits = np.zeros((1, 1, len(TAGS)), np.float32)
    logits[0, 0, 1] = 1e4
    ((found,),) = DECODER.layers(SIZES).head().spans(logits, np.array([1]))
    assert found.score == 1
