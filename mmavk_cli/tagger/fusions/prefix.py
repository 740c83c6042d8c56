"""How knowledge meets the words (paper: Section 3.2 and Table 4)."""

from typing import Any

import torch
from torch import Tensor, nn

from mmavk_cli.base.errors import UsageError

PREFIXES = 4
"""Key and value pairs that a picture puts before each layer's own."""

BOTTLENECK = 128
"""Width between a picture's features and all layers' prefixes; without it this layer outgrows the encoder."""

ATTENTION = "mmavk_prefix"


class WordFusion(nn.Module):
    """h'_i = W [h_i ; weight * h_aux] with h_aux = tanh(Linear(h_[CLS])) (equations 8 to 10).

    W begins as the identity on h_i and zero on h_aux, so that training starts from the encoder's own word vectors.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.auxiliary = nn.Linear(width, width)
        self.weigh = nn.Linear(2 * width, width)
        with torch.no_grad():
            self.weigh.weight.copy_(torch.cat([torch.eye(width), torch.zeros(width, width)], dim=1))
            self.weigh.bias.zero_()

    def forward(self, words: Tensor, knowledge: Tensor, weight: Tensor) -> Tensor:
        """Fused words [B, W, D] from words [B, W, D], h_[CLS] of the knowledge [B, D] and its weight [B]."""
        auxiliary = torch.tanh(self.auxiliary(knowledge)) * weight[:, None]
        spread = auxiliary[:, None, :].expand(-1, words.shape[1], -1)
        fused: Tensor = self.weigh(torch.cat([words, spread.to(words.dtype)], dim=-1))
        return fused


class VisualPrefix(nn.Module):
    """A picture's features as keys and values before those of every self-attention layer ("T+I" of Table 4).

    The paper does not say how features become prefixes; this is one hidden layer for all of them.

    Raises:
        UsageError: the encoder's attention cannot take a prefix.
    """

    def __init__(self, encoder: nn.Module, visual: int) -> None:
        super().__init__()
        config: Any = encoder.config
        self.layers, self.heads = int(config.num_hidden_layers), int(config.num_attention_heads)
        self.reduce = nn.Linear(visual, BOTTLENECK)
        self.expand = nn.Linear(BOTTLENECK, self.layers * 2 * PREFIXES * int(config.hidden_size))
        _take_prefixes(encoder)

    def forward(self, visual: Tensor) -> tuple[Tensor, Tensor]:
        """Prefixes [R, layers, 2 (key, value), heads, PREFIXES, D / heads], and which rows [R] have a picture.

        Features are [R, V], zeros where there is no picture.
        """
        flat: Tensor = self.expand(torch.tanh(self.reduce(visual)))
        parts = flat.view(len(visual), self.layers, 2, PREFIXES, self.heads, -1)
        return parts.transpose(3, 4), visual.any(dim=1)


def _take_prefixes(encoder: Any) -> None:
    """Let every self-attention layer of the encoder put prefixes before its own keys and values."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import sdpa_mask

    def attend(
        module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **others: Any
    ) -> Any:
        prefix, has_picture = others.pop("prefix")
        before = prefix[:, module.layer_idx].to(key.dtype)
        key, value = torch.cat([before[:, 0], key], dim=2), torch.cat([before[:, 1], value], dim=2)
        if attention_mask is None:
            attention_mask = torch.ones(len(key), 1, 1, query.shape[2], dtype=torch.bool, device=key.device)
        rows, heads, pieces, _ = attention_mask.shape
        seen = has_picture[:, None, None, None].expand(rows, heads, pieces, PREFIXES)
        return sdpa_attention_forward(module, query, key, value, torch.cat([seen, attention_mask], dim=3), **others)

    if not encoder._supports_attention_backend:
        kind = encoder.config.model_type
        raise UsageError(f"{kind} cannot take a prefix", "--fusion", "Take an encoder such as XLM-R or BERT")
    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    encoder.set_attn_implementation(ATTENTION)
