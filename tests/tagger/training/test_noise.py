"""Word dropout and weight averaging against hand-worked cases."""

import pytest
import torch
from networks import owners
from torch import nn

from mmavk_cli.base.records import Word
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.pieces import PieceCutter, Pieces
from mmavk_cli.tagger.settings import TrainingSettings
from mmavk_cli.tagger.training.sampler import Noise
from mmavk_cli.tagger.training.trainer import WeightEma, parameter_groups


def test_unknown_words_lose_all_their_pieces_and_only_they() -> None:
    post = Pieces(((1, 10, 11, 20, 2), (1, 30, 31, 2)), ((0, 1), (0, 3), (1, 1)))
    assert post.without([0], 9).windows == ((1, 9, 9, 20, 2), (1, 30, 31, 2))
    assert post.without([1], 9).windows == ((1, 10, 11, 9, 2), (1, 30, 31, 2))
    assert post.without([2], 9).windows == ((1, 10, 11, 20, 2), (1, 9, 9, 2))
    without_piece = Pieces(((1, 10, 2),), ((0, 0), (0, 1)))
    assert without_piece.without([0], 9) == without_piece
    assert Pieces(((1, 10, 20, 2),), ((0, 1), (0, 0), (0, 2))).without([0], 9).windows == ((1, 9, 20, 2),)


def test_noise_hides_about_the_share_it_is_told(cutter: PieceCutter) -> None:
    settings = TrainingSettings(knowledge_dropout=0.3, word_dropout=0.1)
    words = [Word("name", 0, 4)] * 20
    example = Example(cutter.post(words), cutter.knowledge("a sign"), 1.0)
    batch = collate(Noise(settings, cutter.unknown)([example] * 500)["examples"])
    assert 0.25 < (batch.knowledge_of == -1).mean() < 0.35
    assert 0.08 < (batch.ids == cutter.unknown).sum() / 10_000 < 0.12
    assert batch.gold == ((),) * 500


def test_averaging_is_an_exponential_mean_and_leaves_training_alone() -> None:
    model = nn.Linear(1, 1, bias=False)
    average = WeightEma(model, 0.9)
    values, expected = [1.0, 2.0, 5.0], None
    for value in values:
        with torch.no_grad():
            model.weight.fill_(value)
        average.on_step_end(None, None, None)
        expected = value if expected is None else 0.9 * expected + 0.1 * value
    with average.in_place():
        assert model.weight.item() == pytest.approx(expected)
    assert model.weight.item() == 5.0


def test_two_learning_rates_and_no_decay_on_biases() -> None:
    model = owners(nn.Linear(2, 2), nn.Linear(2, 2))
    groups = parameter_groups(model, TrainingSettings(encoder_lr=0.1, head_lr=0.2))
    found = {(group["lr"], group["weight_decay"], len(group["params"])) for group in groups}
    assert found == {(0.1, 0.01, 1), (0.1, 0.0, 1), (0.2, 0.01, 1), (0.2, 0.0, 1)}
