"""The gate that learns: what it gives, that it learns, and that a checkpoint's gate gives the same."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mmavk_cli.base.records import TYPES, Knowledge, Word
from mmavk_cli.similarity.gate import Gate
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.encoders.transformer import load_encoder
from mmavk_cli.tagger.fusions.learned_gate import LearnedGate
from mmavk_cli.tagger.model import Tagger
from mmavk_cli.tagger.pieces import PieceCutter

WORDS = [Word("Houston", 0, 7), Word("calls", 8, 13)]
SIMILARITIES = (0.1, 0.3, 0.5)


def examples(cutter: PieceCutter, gate: Gate) -> list[Example]:
    known = [Knowledge("a sign", "r", one, gate.weight(one)) for one in SIMILARITIES]
    return [Example.of(cutter, WORDS, one, (3, 0)) for one in (*known, None)]


@pytest.fixture
def learning(tiny_encoder: Path) -> Tagger:
    torch.manual_seed(1)
    model = Tagger(load_encoder(tiny_encoder), tag_names(TYPES), 0.0, gate=LearnedGate(0.3, 10.0)).eval()
    assert model.fusion is not None
    with torch.no_grad():
        model.fusion.weigh.weight.normal_(0, 0.3)
    return model


def test_the_checkpoints_gate_gives_what_the_learning_one_gave(learning: Tagger, cutter: PieceCutter) -> None:
    assert learning.gate is not None
    centre, steepness = learning.gate.values()
    items = examples(cutter, Gate(centre, steepness=steepness))
    with torch.no_grad():
        learned = learning.emissions(collate(items)).numpy()
        learning.gate = None
        np.testing.assert_allclose(learning.emissions(collate(items)).numpy(), learned, atol=1e-5)


def test_it_learns_and_stays_rising(learning: Tagger, cutter: PieceCutter) -> None:
    gate = learning.gate
    assert gate is not None
    before = gate.values()
    optimizer = torch.optim.AdamW(learning.parameters(), 0.05)
    batch = collate(examples(cutter, Gate(0.3, steepness=10)))
    for _ in range(3):
        optimizer.zero_grad()
        learning.loss(batch).backward()
        optimizer.step()
    assert gate.values() != pytest.approx(before)
    assert gate.values()[1] > 0


def test_a_post_without_knowledge_stays_without(learning: Tagger, cutter: PieceCutter) -> None:
    _, weight = learning.knowledge(collate(examples(cutter, Gate(0.3, steepness=10))))
    expected = [1 / (1 + np.exp(-10 * (one - 0.3))) for one in SIMILARITIES]
    assert weight.tolist() == pytest.approx([*expected, 0.0])
