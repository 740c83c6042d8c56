"""The layers of the fusion `prefix`, and attention that takes keys and values from outside."""

from typing import Any

import torch
from torch import Tensor, nn

from mmavk_cli.base.errors import UsageError
from mmavk_cli.tagger.batch import Batch
from mmavk_cli.tagger.encoders.layers import EncoderLayers
from mmavk_cli.tagger.fusions.layers import FusionLayers
from mmavk_cli.tagger.parts import Shapes, Sizes

ATTENTION = "mmavk_prefix"


class PrefixLayers(FusionLayers):
    """A picture's features as keys and values before those of every self-attention layer.

    Args:
        encoder: its attention is changed to take them.
        sizes: of encoder and features.
        shapes: of the two linear layers.

    Raises:
        UsageError: the encoder's attention cannot take a prefix.
    """

    def __init__(self, encoder: EncoderLayers, sizes: Sizes, shapes: Shapes) -> None:
        super().__init__(sizes)
        model = _take_prefixes(encoder)
        self.heads = int(model.config.num_attention_heads)
        bottleneck, features = shapes["reduce.weight"]
        self.reduce = nn.Linear(features, bottleneck)
        self.expand = nn.Linear(bottleneck, shapes["expand.bias"][0])

    def encoder_inputs(self, batch: Batch, device: torch.device) -> dict[str, object]:
        """The prefixes of each row, by the picture of its post."""
        features, there = self.visual(batch, device)
        post = torch.from_numpy(batch.row_of).to(device)
        return {"prefix": (self.prefixes(features[post]), there[post])}

    def prefixes(self, features: Tensor) -> Tensor:
        """[R, layers, 2 (key, value), heads, prefixes, D / heads] from features [R, *shape], zeros for no picture."""
        flat: Tensor = self.expand(torch.tanh(self.reduce(features.flatten(1))))
        size = self.sizes.width // self.heads
        return flat.view(len(features), self.sizes.depth, 2, -1, self.heads, size).transpose(3, 4)


def _take_prefixes(encoder: EncoderLayers) -> Any:
    """Let every self-attention layer of a transformers model put prefixes before its own keys and values."""
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
        seen = has_picture[:, None, None, None].expand(rows, heads, pieces, before.shape[-2])
        return sdpa_attention_forward(module, query, key, value, torch.cat([seen, attention_mask], dim=3), **others)

    model: Any = getattr(encoder, "model", None)
    if not getattr(model, "_supports_attention_backend", False):
        what = f"{encoder.family} cannot take a prefix"
        raise UsageError(what, "--fusion", "Take an encoder such as XLM-R or BERT")
    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, sdpa_mask)
    model.set_attn_implementation(ATTENTION)
    return model
