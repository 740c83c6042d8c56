"""The CRF against plain enumeration of all tag paths on tiny cases, and against pytorch-crf."""

import itertools
from math import exp, log

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.records import Span
from mmavk_cli.spans import repaired, strict_spans, tag_names
from mmavk_cli.tagger.decoders.crf_layers import ConstrainedCRF, allowed
from mmavk_cli.tagger.decoders.crf_numpy import Chain, best_tags, forward_backward, span_scores

TAGS = tag_names(("PER", "LOC"))


def random_chain(seed: int) -> tuple[Chain, np.random.Generator]:
    torch.manual_seed(seed)
    crf = ConstrainedCRF(TAGS)
    chance = np.random.default_rng(seed)
    with torch.no_grad():
        crf.crf.transitions = torch.from_numpy(chance.normal(size=(5, 5)).astype(np.float32))
        crf.crf.start_transitions = torch.from_numpy(chance.normal(size=5).astype(np.float32))
    return Chain(*(scores.detach().numpy() for scores in crf.scores()), TAGS), chance


def paths(chain: Chain, emissions: np.ndarray) -> dict[tuple[str, ...], float]:
    """The probability of every tag path, written out."""
    scores = {}
    for path in itertools.product(range(len(TAGS)), repeat=len(emissions)):
        score = chain.start[path[0]] + chain.end[path[-1]] + sum(emissions[i, tag] for i, tag in enumerate(path))
        score += sum(chain.transitions[a, b] for a, b in itertools.pairwise(path))
        scores[tuple(TAGS[tag] for tag in path)] = float(score)
    top = max(scores.values())
    total = top + log(sum(exp(score - top) for score in scores.values()))
    return {path: exp(score - total) for path, score in scores.items()}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("length", [1, 2, 4])
def test_viterbi_and_marginals_equal_enumeration(seed: int, length: int) -> None:
    chain, chance = random_chain(seed)
    # Posts of other lengths in the batch must not leak into this one.
    emissions = chance.normal(size=(3, 5, 5)).astype(np.float32) * 2
    lengths = np.array([5, length, 1])
    probability = paths(chain, emissions[1, :length])
    best = max(probability, key=probability.__getitem__)
    assert tuple(best_tags(chain, emissions, lengths)[1]) == best

    spans = [
        Span(start, end, kind)
        for start in range(length)
        for end in range(start + 1, length + 1)
        for kind in ("PER", "LOC")
    ]
    exact = [sum(p for path, p in probability.items() if span in strict_spans(path)) for span in spans]
    found = span_scores(chain, emissions, lengths, [[], spans, []])[1]
    np.testing.assert_allclose(found, exact, atol=1e-6)


@given(st.integers(0, 50), st.lists(st.integers(1, 12), min_size=1, max_size=4))
def test_decoded_tags_are_valid_iob2_and_scores_are_probabilities(seed: int, lengths: list[int]) -> None:
    chain, chance = random_chain(seed)
    emissions = chance.normal(size=(len(lengths), max(lengths), 5)).astype(np.float32) * 3
    tags = best_tags(chain, emissions, np.array(lengths))
    assert [len(path) for path in tags] == lengths
    assert all(path == repaired(path) for path in tags)
    spans = [strict_spans(path) for path in tags]
    scores = span_scores(chain, emissions, np.array(lengths), spans)
    assert all(0 < score <= 1 for post in scores for score in post)


@pytest.mark.parametrize("seed", range(4))
def test_loss_and_decoding_agree_with_pytorch_crf(seed: int) -> None:
    chain, chance = random_chain(seed)
    torch.manual_seed(seed)
    crf = ConstrainedCRF(TAGS)
    with torch.no_grad():
        crf.crf.transitions = torch.from_numpy(chain.transitions.copy())
        crf.crf.start_transitions = torch.from_numpy(chain.start.copy())
        crf.crf.end_transitions.copy_(torch.from_numpy(chain.end))
    emissions = torch.from_numpy(chance.normal(size=(3, 6, 5)).astype(np.float32))
    lengths = np.array([6, 3, 1])
    mask = torch.arange(6)[None, :] < torch.from_numpy(lengths)[:, None]
    decoded = [[TAGS[tag] for tag in path] for path in crf.crf.decode(emissions, mask=mask)]
    assert best_tags(chain, emissions.numpy(), lengths) == decoded

    gold = torch.tensor([[TAGS.index(tag) for tag in path] + [0] * (6 - len(path)) for path in decoded])
    exact = [log(paths(chain, emissions[i, :n].numpy())[tuple(decoded[i])]) for i, n in enumerate(lengths)]
    assert crf.loss(emissions, gold, mask).item() == pytest.approx(-sum(exact) / 3, abs=1e-4)


def test_forbidden_transitions_stay_forbidden_under_training() -> None:
    crf = ConstrainedCRF(TAGS)
    optimizer = torch.optim.AdamW(crf.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        crf.loss(
            torch.randn(2, 3, 5), torch.tensor([[1, 2, 0], [3, 4, 4]]), torch.ones(2, 3, dtype=torch.bool)
        ).backward()
        optimizer.step()
    start, transitions, _ = crf.scores()
    for i, before in enumerate(TAGS):
        for j, tag in enumerate(TAGS):
            assert (transitions[i, j].item() == -1e4) == (not allowed(before, tag))
    assert [score.item() == -1e4 for score in start] == [tag.startswith("I-") for tag in TAGS]


def test_posts_without_words_count_nothing() -> None:
    chain, chance = random_chain(0)
    emissions = chance.normal(size=(2, 3, 5)).astype(np.float32)
    assert best_tags(chain, emissions, np.array([3, 0]))[1] == []
    assert span_scores(chain, emissions, np.array([3, 0]), [[], []]) == [[], []]
    assert forward_backward(chain, emissions, np.array([3, 0])).total[1] == 0
    assert best_tags(chain, np.zeros((2, 0, 5), np.float32), np.array([0, 0])) == [[], []]
