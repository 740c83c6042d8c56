"""The gate that learns: what it gives, that it learns, and that a checkpoint's gate gives the same."""

from pathlib import Path

import numpy as np
import pytest
import torch
from networks import example, listening, network

from mmavk_cli.base.records import Knowledge, Span, Word
from mmavk_cli.similarity.gate import Gate
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.fusions.learned_gate import LearnedGate
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.pieces import PieceCutter

WORDS = [Word("Houston", 0, 7), Word("calls", 8, 13)]
SIMILARITIES = (0.1, 0.3, 0.5)


def examples(cutter: PieceCutter, gate: Gate) -> list[Example]:
    known = [Knowledge("a sign", "r", one, gate.weight(one)) for one in SIMILARITIES]
    return [example(cutter, WORDS, one, (Span(0, 1, "LOC"),)) for one in (*known, None)]


@pytest.fixture
def learning(tiny_encoder: Path) -> TaggerNetwork:
    model = listening(network(tiny_encoder)).eval()
    model.fusion.gate = LearnedGate(0.3, 10.0)
    return model


def test_the_checkpoints_gate_gives_what_the_learning_one_gave(learning: TaggerNetwork, cutter: PieceCutter) -> None:
    assert learning.fusion.gate is not None
    centre, steepness = learning.fusion.gate.values()
    items = examples(cutter, Gate(centre, steepness=steepness))
    with torch.no_grad():
        learned = learning.logits(collate(items)).numpy()
        learning.fusion.gate = None
        np.testing.assert_allclose(learning.logits(collate(items)).numpy(), learned, atol=1e-5)


def test_it_learns_and_stays_rising(learning: TaggerNetwork, cutter: PieceCutter) -> None:
    gate = learning.fusion.gate
    assert gate is not None
    before = gate.values()
    optimizer = torch.optim.AdamW(learning.parameters(), 0.05)
    batch = collate(examples(cutter, Gate(0.3, steepness=10)))
    for _ in range(3):
        optimizer.zero_grad()
        learning.losses(batch)["decoder"].backward()
        optimizer.step()
    assert gate.values() != pytest.approx(before)
    assert gate.values()[1] > 0


def test_a_post_without_knowledge_stays_without(learning: TaggerNetwork, cutter: PieceCutter) -> None:
    weight = learning.fusion.weight(collate(examples(cutter, Gate(0.3, steepness=10))), torch.device("cpu"))
    expected = [1 / (1 + np.exp(-10 * (one - 0.3))) for one in SIMILARITIES]
    assert weight.tolist() == pytest.approx([*expected, 0.0])
