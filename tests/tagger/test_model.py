"""Pooling and fusion against hand-written loops; batching and windows change nothing."""

import math

import numpy as np
import pytest
import torch

from mmavk_cli.base.records import Word
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.fusions.word_layers import WordLayers
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.parts import Sizes
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings

POSTS = ["Houston , we have # NASA", "a", "Rooney ' s unbelievable equalizer at OldTrafford 😂 http://t.co/x"]
KNOWLEDGE = ["a man on the moon", "", "a football player"]


def words(text: str) -> list[Word]:
    return [Word(token, 0, len(token)) for token in text.split()]


def examples(cutter: PieceCutter, weights: tuple[float, ...] = (1.0, 1.0, 0.5)) -> list[Example]:
    return [
        Example(cutter.post(words(text)), cutter.knowledge(known) if known else (), weight)
        for text, known, weight in zip(POSTS, KNOWLEDGE, weights, strict=True)
    ]


def test_fusion_equals_its_equation() -> None:
    torch.manual_seed(0)
    fusion = WordLayers(Sizes(4))
    with torch.no_grad():
        fusion.weigh.weight.normal_()
    h, cls, weight = torch.randn(2, 3, 4), torch.randn(2, 4), torch.tensor([1.0, 0.25])
    out = fusion.fused(h, cls, weight)
    for b in range(2):
        aux = [
            math.tanh(
                sum(fusion.auxiliary.weight[d, e].item() * cls[b, e].item() for e in range(4))
                + fusion.auxiliary.bias[d].item()
            )
            for d in range(4)
        ]
        for i in range(3):
            joined = [h[b, i, d].item() for d in range(4)] + [weight[b].item() * a for a in aux]
            for d in range(4):
                expected = (
                    sum(fusion.weigh.weight[d, e].item() * joined[e] for e in range(8)) + fusion.weigh.bias[d].item()
                )
                assert out[b, i, d].item() == pytest.approx(expected, abs=1e-5)


def test_a_fresh_fusion_is_the_identity_on_words() -> None:
    fusion, h = WordLayers(Sizes(4)), torch.randn(2, 3, 4)
    assert torch.allclose(fusion.fused(h, torch.randn(2, 4), torch.ones(2)), h, atol=1e-6)


def test_word_vectors_are_those_of_first_pieces(tiny_tagger: TaggerNetwork, cutter: PieceCutter) -> None:
    batch = collate(examples(cutter))
    with torch.no_grad():
        pooled = tiny_tagger.words(batch)
        for b, text in enumerate(POSTS):
            ids, first = [cutter.opening], []
            for token in text.split():
                form = "http" if token.startswith("http") else token
                first.append(len(ids))
                ids += cutter.tokenizer.encode(form, add_special_tokens=False).ids
            ids.append(cutter.closing)
            hidden = tiny_tagger.encoder.model(input_ids=torch.tensor([ids])).last_hidden_state[0]
            for i, at in enumerate(first):
                assert torch.allclose(pooled[b, i], hidden[at], atol=1e-5)


def test_a_batch_gives_what_its_posts_give_alone(tiny_tagger: TaggerNetwork, cutter: PieceCutter) -> None:
    items = examples(cutter)
    with torch.no_grad():
        together = tiny_tagger.logits(collate(items)).numpy()
        for b, item in enumerate(items):
            alone = tiny_tagger.logits(collate([item])).numpy()[0]
            np.testing.assert_allclose(together[b, : len(alone)], alone, atol=1e-5)


def test_knowledge_counts_by_its_weight(tiny_tagger: TaggerNetwork, cutter: PieceCutter) -> None:
    def run(weight: float) -> np.ndarray:
        with torch.no_grad():
            return tiny_tagger.logits(collate(examples(cutter, (weight, 1.0, 1.0))))[0].numpy()

    none, half, full = run(0.0), run(0.5), run(1.0)
    assert not np.allclose(none, full, atol=1e-3)
    np.testing.assert_allclose(half, (none + full) / 2, atol=1e-5)


def test_equal_knowledge_is_encoded_once_and_weight_0_not_at_all(cutter: PieceCutter) -> None:
    post, known = cutter.post(words("a b")), cutter.knowledge("a sign")
    batch = collate([Example(post, known), Example(post, known, 0.3), Example(post, known, 0.0), Example(post)])
    assert len(batch.knowledge_ids) == 1
    assert batch.knowledge_of.tolist() == [0, 0, -1, -1]
    assert batch.weight.tolist() == pytest.approx([1.0, 0.3, 0.0, 0.0])


def test_a_long_post_is_cut_into_windows_and_no_word_is_lost(tiny_tagger: TaggerNetwork, cutter: PieceCutter) -> None:
    small = PieceCutter(cutter.tokenizer, PieceSettings(text_pieces=10))
    text = words(" ".join(f"w{number}" for number in range(40)))
    pieces = small.post(text)
    assert len(pieces.first) == 40
    assert max(map(len, pieces.windows)) <= 10
    batch = collate([Example(small.post(words("short one"))), Example(pieces)])
    with torch.no_grad():
        emissions = tiny_tagger.logits(batch)[1].numpy()
        row = 0
        for window in range(len(pieces.windows)):
            part = [word for word, (w, _) in zip(text, pieces.first, strict=True) if w == window]
            alone = tiny_tagger.logits(collate([Example(small.post(part))]))[0].numpy()
            np.testing.assert_allclose(emissions[row : row + len(part)], alone, atol=1e-5)
            row += len(part)


def test_odd_words(cutter: PieceCutter) -> None:
    zero_width, monster = Word("\u200b", 0, 1), Word("x" * 10_000, 0, 10_000)
    pieces = cutter.post([zero_width, monster, Word("end", 0, 3)])
    assert pieces.first[0] == (0, 0)  # no piece: the word reads [CLS]
    assert sum(map(len, pieces.windows)) < 40
    assert cutter.post([]).windows == ((cutter.opening, cutter.closing),)


def test_knowledge_is_cut_at_its_limit(cutter: PieceCutter) -> None:
    small = PieceCutter(cutter.tokenizer, PieceSettings(knowledge_pieces=8))
    full = cutter.knowledge("one two three four five six seven eight nine")
    cut = small.knowledge("one two three four five six seven eight nine")
    assert len(cut) == 8
    assert cut[:-1] == full[:7]
    assert cut[-1] == cutter.closing
