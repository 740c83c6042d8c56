"""What makes training cheap changes no loss and no gradient: held against posts read one by one."""

import copy
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import TAGS
from torch import Tensor, nn

from mmavk_cli.base.records import Span, Word
from mmavk_cli.spans import spans_to_tags
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.checkpoint import FROZEN, TaggerConfig
from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge
from mmavk_cli.tagger.encoders.transformer_layers import load_transformer
from mmavk_cli.tagger.inference.torch_model import TorchModel, load_model, save_model
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings
from mmavk_cli.tagger.training.sampler import like_lengths

TEXTS = ("Houston , we have # NASA", "a", "Rooney ' s unbelievable equalizer at OldTrafford 😂", "", "no names in here")
KNOWLEDGE = (None, "a man on the moon", "a football player", "a red sign beside a long road in the desert at noon")


def example(cutter: PieceCutter, text: int, known: int, weight: float) -> Example:
    words = [Word(token, 0, len(token)) for token in TEXTS[text].split()]
    told = KNOWLEDGE[known]
    gold = tuple(Span(number, number + 1, "PER") for number in range(len(words)) if (number + text) % 2)
    return Example(cutter.post(words), cutter.knowledge(told) if told else (), weight, gold)


def plain_loss(model: TaggerNetwork, reader: nn.Module, posts: list[Example]) -> Tensor:
    """Equations 5 to 12 a post at a time, with nothing shared or left out; `reader` reads the knowledge."""
    losses = []
    for post in posts:
        rows = [torch.tensor([row]) for row in post.pieces.windows]
        hidden = [model.encoder.model(input_ids=row).last_hidden_state[0] for row in rows]
        if not post.pieces.first:
            continue
        words = torch.stack([hidden[window][at] for window, at in post.pieces.first])
        auxiliary = torch.zeros(words.shape[1])
        if post.knowledge:
            first = reader(input_ids=torch.tensor([post.knowledge])).last_hidden_state[0, 0]
            auxiliary = post.weight * torch.tanh(model.fusion.auxiliary(first))
        fused = model.fusion.weigh(torch.cat([words, auxiliary.expand(len(words), -1)], dim=1))
        tags = [TAGS.index(tag) for tag in spans_to_tags(post.gold, len(words))]
        gold, there = torch.tensor([tags]), torch.ones(1, len(words), dtype=torch.bool)
        losses.append(-model.decoder.crf.crf(model.decoder.emit(fused)[None], gold, there))
    return torch.stack(losses).mean()


def loss(model: TaggerNetwork, posts: list[Example]) -> Tensor:
    """The batched loss."""
    (only,) = model.losses(collate(posts)).values()
    return only


def gradients(model: TaggerNetwork) -> dict[str, np.ndarray]:
    found = {name: one.grad.numpy().copy() for name, one in model.named_parameters() if one.grad is not None}
    model.zero_grad()
    return found


def same(model: TaggerNetwork, fast: Tensor, plain: Tensor) -> None:
    """Equal losses and equal gradients of everything that learns."""
    assert fast.item() == pytest.approx(plain.item(), abs=1e-5)
    fast.backward()
    quick = gradients(model)
    plain.backward()
    slow = gradients(model)
    for name in quick.keys() | slow.keys():
        np.testing.assert_allclose(quick.get(name, 0.0), slow.get(name, 0.0), atol=2e-5, rtol=1e-4, err_msg=name)
    assert np.abs(slow["decoder.emit.weight"]).max() > 1e-4


posts_drawn = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.sampled_from([0.0, 0.3, 1.0])), min_size=1, max_size=7
).filter(lambda posts: any(TEXTS[text] for text, _, _ in posts))
many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@many
@given(posts_drawn)
def test_shared_skipped_and_bucketed_knowledge_gives_the_plain_loss(
    tiny_tagger: TaggerNetwork, cutter: PieceCutter, drawn: list[tuple[int, int, float]]
) -> None:
    posts = [example(cutter, *one) for one in drawn]
    same(tiny_tagger, loss(tiny_tagger, posts), plain_loss(tiny_tagger, tiny_tagger.encoder.model, posts))


@many
@given(posts_drawn, st.integers(1, 3))
def test_batches_of_like_length_add_up_to_the_plain_loss(
    tiny_tagger: TaggerNetwork, cutter: PieceCutter, drawn: list[tuple[int, int, float]], size: int
) -> None:
    posts = [one for one in (example(cutter, *each) for each in drawn) if one.pieces.first]
    batches = like_lengths(range(len(posts)), [one.length for one in posts], size)
    assert sorted(index for batch in batches for index in batch) == list(range(len(posts)))
    parts = [loss(tiny_tagger, [posts[at] for at in batch]) * len(batch) / len(posts) for batch in batches]
    same(tiny_tagger, torch.stack(parts).sum(), plain_loss(tiny_tagger, tiny_tagger.encoder.model, posts))


def frozen_copy(tagger: TaggerNetwork) -> tuple[TaggerNetwork, nn.Module]:
    """The tagger with its knowledge frozen and its own encoder gone on learning; and the encoder as it was."""
    before = copy.deepcopy(tagger.encoder).eval()
    tagger.fusion.frozen = FrozenKnowledge(copy.deepcopy(before))
    with torch.no_grad():
        for weights in tagger.encoder.parameters():
            weights.add_(torch.randn_like(weights), alpha=0.05)
    return tagger, before.model


@many
@given(posts_drawn, st.booleans())
def test_frozen_knowledge_is_that_of_the_encoder_before_training(
    tiny_tagger: TaggerNetwork, cutter: PieceCutter, drawn: list[tuple[int, int, float]], remembered: bool
) -> None:
    model, before = frozen_copy(tiny_tagger)
    posts = [example(cutter, *one) for one in drawn]
    if remembered:
        texts = [one.separate_knowledge for one in posts if one.separate_knowledge]
        model.fusion.frozen.remember(texts, "cpu", lambda _done, _all: None)
    with torch.no_grad():
        vectors = {one.knowledge: before(input_ids=torch.tensor([one.knowledge])) for one in posts if one.knowledge}

    class Reader(nn.Module):
        def forward(self, input_ids: Tensor) -> object:
            return vectors[tuple(input_ids[0].tolist())]

    same(model, loss(model, posts), plain_loss(model, Reader(), posts))


def test_frozen_knowledge_has_no_dropout_is_encoded_once_and_tells_how_far_it_is(
    tiny_tagger: TaggerNetwork, cutter: PieceCutter
) -> None:
    model, before = frozen_copy(tiny_tagger)
    model.train()
    texts = [cutter.knowledge(f"a sign that says {number}" + " long" * (number % 5)) for number in range(40)]
    passes = []
    reader = model.fusion.frozen.encoder.model
    reader.register_forward_hook(lambda _module, _given, out: passes.append(len(out.last_hidden_state)))
    told: list[tuple[int, int]] = []
    model.fusion.frozen.remember(texts * 3, "cpu", lambda *numbers: told.append(numbers))
    assert (sum(passes), told[-1]) == (40, (40, 40))
    model.fusion.frozen.remember(texts, "cpu", lambda *numbers: told.append(numbers))
    batch = collate([Example(cutter.post([Word("a", 0, 1)]), text) for text in texts[:16]])
    vectors, _ = model.fusion.knowledge(batch, model.encoder, model.device)
    assert sum(passes) == 40
    for text, vector in zip(texts, vectors, strict=False):
        with torch.no_grad():
            plain = before(input_ids=torch.tensor([text])).last_hidden_state[0, 0]
        np.testing.assert_allclose(vector.numpy(), plain.numpy(), atol=1e-5)
    assert not any("frozen" in name for name, _ in model.named_parameters())
    assert copy.deepcopy(model).fusion.frozen is model.fusion.frozen


def test_a_checkpoint_keeps_the_frozen_encoder(tiny_tagger: TaggerNetwork, cutter: PieceCutter, tmp_path: Path) -> None:
    model, _ = frozen_copy(tiny_tagger)
    config = TaggerConfig(TAGS, PieceSettings(), "tiny", frozen=True)
    save_model(model, config, tmp_path / "model")
    posts = [example(cutter, 0, 1, 1.0), example(cutter, 2, 3, 0.3), example(cutter, 4, 0, 1.0)]
    batch = collate(posts)
    loaded, found = load_model(tmp_path / "model")
    assert found == config
    expected = TorchModel(model).logits(batch)
    np.testing.assert_allclose(TorchModel(loaded).logits(batch), expected, atol=1e-6)
    shutil.rmtree(tmp_path / "model" / FROZEN)  # with the encoder that learned the numbers would be others
    shutil.copytree(tmp_path / "model" / "encoder", tmp_path / "model" / FROZEN)
    other, _ = load_model(tmp_path / "model")
    assert np.abs(TorchModel(other).logits(batch) - expected).max() > 1e-2


def test_like_lengths_pads_less_than_chance() -> None:
    chance = np.random.default_rng(0)
    lengths = [
        (int(a), int(b)) for a, b in zip(chance.integers(8, 40, 800), chance.integers(60, 200, 800), strict=True)
    ]

    def padding(batches: list[list[int]]) -> float:
        paid = sum(len(batch) * max(lengths[post][of] for post in batch) for batch in batches for of in (0, 1))
        return 1 - sum(map(sum, lengths)) / paid

    random = [list(range(at, at + 16)) for at in range(0, 800, 16)]
    assert padding(random) > 0.3
    assert padding(like_lengths(range(800), lengths, 16)) < 0.08


def test_an_encoder_reads_the_same_from_its_folder(tiny_encoder: Path) -> None:
    first, second = (load_transformer(tiny_encoder).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
