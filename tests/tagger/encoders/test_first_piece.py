"""The first piece's last state without the rest of the last layer: the same numbers and gradients as the whole."""

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import (
    BertConfig,
    BertModel,
    DebertaV2Config,
    DebertaV2Model,
    PreTrainedModel,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from mmavk_cli.tagger.encoders.cls_only import first_piece
from mmavk_cli.tagger.encoders.transformer_layers import TransformerLayers

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 50}
KINDS = {
    "bert": (BertModel, BertConfig),
    "roberta": (RobertaModel, RobertaConfig),
    "xlm-roberta": (XLMRobertaModel, XLMRobertaConfig),
    "deberta-v2": (DebertaV2Model, DebertaV2Config),
}


def made(kind: str, attention: str) -> PreTrainedModel:
    torch.manual_seed(0)
    model, config = KINDS[kind]
    return model(config(**SIZES, attn_implementation=attention)).double().eval()


def rows(*, padded: bool) -> tuple[Tensor, Tensor]:
    ids, mask = torch.randint(5, 50, (3, 7)), torch.ones(3, 7, dtype=torch.long)
    if padded:
        mask[1, 4:] = mask[2, 1:] = 0
    return ids, mask


def gradients(model: PreTrainedModel, vectors: Tensor) -> dict[str, np.ndarray]:
    model.zero_grad()
    vectors.pow(3).sum().backward()
    return {name: one.grad.numpy().copy() for name, one in model.named_parameters() if one.grad is not None}


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(
    ("kind", "attention"),
    [(kind, way) for kind in KINDS for way in ("sdpa", "eager") if (kind, way) != ("deberta-v2", "sdpa")],
)
def test_it_equals_the_whole_encoder(kind: str, attention: str, padded: bool) -> None:
    model, (ids, mask) = made(kind, attention), rows(padded=padded)
    whole = model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]
    cut = first_piece(model, ids, mask)
    np.testing.assert_allclose(cut.detach().numpy(), whole.detach().numpy(), atol=1e-12)
    expected, found = gradients(model, whole), gradients(model, cut)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, atol=1e-10, err_msg=name)


def test_the_last_layer_sees_one_piece_and_is_whole_again_afterwards() -> None:
    model, (ids, mask) = made("bert", "sdpa"), rows(padded=True)
    last, seen = model.encoder.layer[-1], []
    last.intermediate.register_forward_hook(lambda _module, given, _out: seen.append(tuple(given[0].shape)))
    first_piece(model, ids, mask)
    assert model.encoder.layer[-1] is last
    model(input_ids=ids, attention_mask=mask)
    assert seen == [(3, 1, 16), (3, 7, 16)]


def test_dropout_is_there_in_training_and_only_then() -> None:
    model, (ids, mask) = made("bert", "sdpa"), rows(padded=True)
    with torch.no_grad():
        assert torch.equal(first_piece(model, ids, mask), first_piece(model, ids, mask))
        model.train()
        assert not torch.equal(first_piece(model, ids, mask), first_piece(model, ids, mask))
        for layer in model.encoder.layer:  # nothing dropped but in the attention of the last layer
            layer.attention.self.dropout.p = 0.0
            layer.attention.output.dropout.p = layer.output.dropout.p = 0.0
        model.embeddings.dropout.p = 0.0
        assert torch.equal(first_piece(model, ids, mask), first_piece(model, ids, mask))
        model.encoder.layer[-1].attention.self.dropout.p = 0.5
        assert not torch.equal(first_piece(model, ids, mask), first_piece(model, ids, mask))


def test_gradient_checkpointing_changes_nothing() -> None:
    model, (ids, mask) = made("bert", "sdpa"), rows(padded=True)
    expected = gradients(model, first_piece(model, ids, mask))
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    model.train()
    TransformerLayers(model).recompute()
    found = gradients(model, first_piece(model, ids, mask))
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, atol=1e-10, err_msg=name)
