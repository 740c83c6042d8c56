"""The gradient of an update does not hang on how its posts are read; points give back what was put in."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from networks import TAGS, owners
from transformers import TrainingArguments

from mmavk_cli.base.records import Span, Word
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import TrainingSettings
from mmavk_cli.tagger.training import resume_points as points
from mmavk_cli.tagger.training.sampler import LengthSampler, Noise
from mmavk_cli.tagger.training.trainer import Loss, Training, parameter_groups


def posts(cutter: PieceCutter, count: int) -> list[Example]:
    """Posts of 1 to 9 words, two of three with knowledge."""
    chance = random.Random(0)
    found = []
    for number in range(count):
        words = [Word(chance.choice(["Paris", "a", "sign", "NASA"]), 0, 1) for _ in range(chance.randint(1, 9))]
        known = cutter.knowledge("a man " * chance.randint(1, 9)) if number % 3 else ()
        gold = tuple(Span(at, at + 1, "PER") for at in range(len(words)) if chance.randint(0, 1))
        found.append(Example(cutter.post(words), known, 0.5, gold))
    return found


def training(tagger: TaggerNetwork, examples: list[Example], folder: Path, **settings: Any) -> Training:
    chosen = TrainingSettings(**settings)
    arguments = TrainingArguments(output_dir=str(folder), use_cpu=True, report_to="none")
    noise = Noise(chosen, unknown=0)
    return Training(chosen, examples, noise, lambda _: {}, points.Points(folder), model=Loss(tagger), args=arguments)


@pytest.mark.parametrize("micro_batch", [1, 3, 7])
def test_parts_give_the_gradient_of_the_whole(
    tiny_tagger: TaggerNetwork, cutter: PieceCutter, tmp_path: Path, micro_batch: int
) -> None:
    examples = posts(cutter, 7)
    tiny_tagger.encoder.eval()
    whole = tiny_tagger.losses(collate(examples))["decoder"]
    whole.backward()
    wanted = {name: one.grad.clone() for name, one in tiny_tagger.named_parameters() if one.grad is not None}
    tiny_tagger.zero_grad()
    trainer = training(tiny_tagger, examples, tmp_path, micro_batch=micro_batch)
    for layer in tiny_tagger.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    loss = trainer.training_step(trainer.model, {"examples": examples, "posts": 7})
    assert loss.item() == pytest.approx(whole.item(), rel=1e-5)
    found = {name: one.grad for name, one in tiny_tagger.named_parameters() if one.grad is not None}
    assert found.keys() == wanted.keys()
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, wanted[name], rtol=1e-3, atol=1e-5, msg=name)


def test_recomputed_layers_give_the_same_gradient(tiny_encoder: Path, cutter: PieceCutter) -> None:
    from mmavk_cli.tagger.build import untrained
    from mmavk_cli.tagger.settings import PieceSettings

    examples, gradients, kept = posts(cutter, 5), [], []
    for again in (False, True):
        settings = TrainingSettings(encoder=str(tiny_encoder), gradient_checkpointing=again)
        tagger = untrained(settings, PieceSettings(), TAGS).train()
        bytes_kept: list[int] = []
        torch.manual_seed(3)  # dropout is on, and must be the same when a layer is computed again
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor, sizes=bytes_kept: sizes.append(tensor.nbytes) or tensor, lambda tensor: tensor
        ):
            loss = tagger.losses(collate(examples))["decoder"]
        loss.backward()
        gradients.append([one.grad for one in tagger.parameters() if one.grad is not None])
        kept.append(sum(bytes_kept))
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, again)
    assert kept[1] < kept[0] / 2


def test_every_epoch_has_each_post_once_in_its_own_order() -> None:
    sampler = LengthSampler([(length % 7, 0) for length in range(50)], 8, seed=1)
    orders = []
    for epoch in (0, 1, 0):
        sampler.epoch = epoch
        batches = list(sampler)
        assert len(batches) == len(sampler) == 7
        assert sorted(index for batch in batches for index in batch) == list(range(50))
        orders.append(batches)
    assert orders[0] == orders[2] != orders[1]


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_an_update_and_its_noise(cutter: PieceCutter, processes: int) -> None:
    settings = TrainingSettings(knowledge_dropout=0.5, word_dropout=0.3)
    examples = posts(cutter, 8)
    alone = Noise(settings, cutter.unknown)(examples)["examples"]
    shares = [Noise(settings, cutter.unknown, process, processes)(examples) for process in range(processes)]
    assert [share["posts"] for share in shares] == [8] * processes
    assert [shares[at % processes]["examples"][at // processes] for at in range(8)] == alone


def test_noise_goes_on_where_it_was(cutter: PieceCutter) -> None:
    settings = TrainingSettings(knowledge_dropout=0.5, word_dropout=0.3)
    examples = posts(cutter, 30)
    first, second = Noise(settings, cutter.unknown), Noise(settings, cutter.unknown)
    first(examples)
    second.restore(first.state())
    assert first(examples) == second(examples)


def test_an_optimizer_comes_back_from_a_point(tmp_path: Path) -> None:
    def stepped(model: torch.nn.Module, optimizer: torch.optim.Optimizer, times: int) -> None:
        for _ in range(times):
            optimizer.zero_grad()
            model(torch.ones(1, 3)).sum().backward()
            optimizer.step()

    def made() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = owners(torch.nn.Linear(3, 3), torch.nn.Linear(3, 1))
        both = torch.nn.Sequential(model.encoder, model.decoder)
        return both, torch.optim.AdamW(parameter_groups(model, TrainingSettings()), fused=True)

    whole, optimizer = made()
    stepped(whole, optimizer, 5)
    cut, optimizer = made()
    stepped(cut, optimizer, 2)
    kept = points.Points(tmp_path, memo={"best": 1})
    tensors = {points.OPTIMIZER: points.optimizer_tensors(optimizer), points.RANDOM: points.random_state()}
    kept.write(1, {"model": cut}, tensors, {points.STATE: {}})
    kept.write(2, {"model": cut}, tensors, {points.STATE: {"rates": [g["lr"] for g in optimizer.param_groups]}})
    (tmp_path / "point-3.part").mkdir()  # one that was being written
    point = points.last_point(tmp_path)
    assert point == tmp_path / "point-2"
    assert not (tmp_path / "point-1").exists()
    assert points.read_record(point, points.MEMO) == {"best": 1}
    new, optimizer = made()
    points.load_weights(new, point, "model")
    rates = points.read_record(point, points.STATE)["rates"]
    points.restore_optimizer(optimizer, points.load_tensors(point, points.OPTIMIZER), rates)
    expected = torch.rand(3)
    points.restore_random(points.load_tensors(point, points.RANDOM))
    assert torch.equal(torch.rand(3), expected)
    stepped(new, optimizer, 3)
    assert all(torch.equal(a, b) for a, b in zip(new.parameters(), whole.parameters(), strict=True))
