"""h_[CLS] of a text without the rest of the encoder's last layer, which only the other pieces would need."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

FAMILIES = {"bert", "roberta", "xlm-roberta", "camembert"}
"""Encoders whose layers are BERT's, by transformers' name: MiniLM is a `bert`, BERTweet a `roberta`."""


def first_piece(encoder: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    """The last hidden state of each row's first piece, [U, D], from ids and mask [U, K] (equation 7).

    In the last layer only the keys and values need every piece. With six layers that saves a seventh of the work on
    encoders built like BERT (`FAMILIES`); any other runs in full.
    """
    with _last_layer_cut(encoder):
        hidden: Tensor = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    return hidden[:, 0]


class _FirstOnly(nn.Module):
    """A BERT layer whose output is that of the first piece alone, [U, 1, D]."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, hidden: Tensor, mask: Tensor | None = None, *_: Any, **__: Any) -> Tensor:
        """The layer's output for the first piece, [R, 1, D].

        Args:
            hidden: its input, [R, P, D].
            mask: which pieces are seen, [R, 1, P, P]; None for all.
            *_: what the whole layer takes besides.
            **__: the same by name.
        """
        layer: Any = self.layer
        own, first = layer.attention.self, hidden[:, :1]
        query, key, value = (
            part(of).unflatten(-1, (-1, own.attention_head_size)).transpose(1, 2)
            for part, of in ((own.query, first), (own.key, hidden), (own.value, hidden))
        )
        seen = scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=None if mask is None else mask[:, :, :1],
            dropout_p=own.dropout.p if self.training else 0.0,
        )
        joined = layer.attention.output(seen.transpose(1, 2).flatten(2), first)
        out: Tensor = layer.feed_forward_chunk(joined)
        return out


@contextmanager
def _last_layer_cut(encoder: nn.Module) -> Iterator[None]:
    config: Any = encoder.config
    if config.model_type not in FAMILIES or config.is_decoder:
        yield
        return
    layers: Any = encoder.encoder.layer  # type: ignore[union-attr]
    whole = layers[-1]
    layers[-1] = _FirstOnly(whole).train(whole.training)
    try:
        yield
    finally:
        layers[-1] = whole
