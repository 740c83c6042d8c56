"""CLIP's two towers without the work that no vector needs, and with the faster of two matrix products.

A tower's last layer is read at one token: a picture's class token, a text's end. There only keys and values need every
token, which spares five sixths of that layer. The numbers are open_clip's but for rounding (1e-7).
"""

from typing import Any, cast

import open_clip
import torch
from open_clip.transformer import QuickGELU, ResidualAttentionBlock, Transformer, VisionTransformer
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention


def shorten(model: Any) -> None:
    """Put a `Tower` into a CLIP of open_clip wherever one computes the same; other towers stay and run in full."""
    visual = model.visual
    if type(visual) is VisionTransformer and visual.attn_pool is None and visual.pool_type == "tok":
        visual.transformer = _tower(visual.transformer)
    if type(model) is open_clip.CLIP and model.text_pool_type == "argmax" and model.attn_mask is not None:
        model.transformer = _tower(model.transformer)


def encode_text(model: Any, ids: Tensor) -> Tensor:
    """What a CLIP makes of texts, [N, D], from ids [N, 77]."""
    if not isinstance(getattr(model, "transformer", None), Tower):
        return cast("Tensor", model.encode_text(ids))
    # The end's vector sees only what is before it: the padding behind the longest text changes nothing, and a tweet
    # fills a third of the 77 places.
    ends = ids.argmax(dim=-1)
    size = int(ends.max()) + 1
    dtype = model.transformer.dtype
    hidden = model.token_embedding(ids[:, :size]).to(dtype) + model.positional_embedding[:size].to(dtype)
    pooled = model.ln_final(model.transformer(hidden, model.attn_mask[:size, :size], ends))[:, 0]
    project = model.text_projection
    if project is None:
        return cast("Tensor", pooled)
    return cast("Tensor", project(pooled) if isinstance(project, nn.Module) else pooled @ project)


def _tower(whole: nn.Module) -> nn.Module:
    blocks = getattr(whole, "resblocks", ())
    plain = all(type(block) is ResidualAttentionBlock and not hasattr(block, "ln_1_kv") for block in blocks)
    return Tower(whole) if type(whole) is Transformer and plain else whole


class Tower(nn.Module):
    """The layers of open_clip's `Transformer`, the last of them for one token a row."""

    def __init__(self, whole: Any) -> None:
        super().__init__()
        self.dtype: torch.dtype = whole.get_cast_dtype()
        self.resblocks = nn.ModuleList(_Block(block) for block in whole.resblocks)

    def forward(self, hidden: Tensor, mask: Tensor | None = None, at: Tensor | None = None) -> Tensor:
        """What the last layer makes of the token at each row's place `at` [N], of the first without: [N, 1, D].

        Takes hidden states [N, P, D] and, added to the attention, a mask [P, P].
        """
        mask = None if mask is None else mask.to(hidden.dtype)
        for block in self.resblocks[:-1]:
            hidden = block(hidden, hidden, mask)
        rows = torch.arange(len(hidden), device=hidden.device)
        at = torch.zeros_like(rows) if at is None else at
        mask = None if mask is None else mask[at, None, None]
        return cast("Tensor", self.resblocks[-1](hidden[rows, at, None], hidden, mask))


class _Block(nn.Module):
    """A `ResidualAttentionBlock` for tokens [N, Q, D] that see tokens [N, P, D]."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        weights, biases, width = block.attn.in_proj_weight, block.attn.in_proj_bias, block.attn.embed_dim
        self.heads: int = block.attn.num_heads
        self.ln_1, self.ls_1, self.ln_2, self.ls_2, self.mlp = block.ln_1, block.ls_1, block.ln_2, block.ls_2, block.mlp
        self.query = _Product(weights[:width], biases[:width])
        self.key_value = _Product(weights[width:], biases[width:])
        self.joined = _Product(block.attn.out_proj.weight, block.attn.out_proj.bias)
        self.mlp.c_fc = _Product(block.mlp.c_fc.weight, block.mlp.c_fc.bias)
        self.mlp.c_proj = _Product(block.mlp.c_proj.weight, block.mlp.c_proj.bias)
        if type(self.mlp.gelu) is QuickGELU:
            self.mlp.gelu = _QuickGelu()

    def forward(self, tokens: Tensor, seen: Tensor, mask: Tensor | None) -> Tensor:
        asked = self.ln_1(tokens)
        known = asked if tokens is seen else self.ln_1(seen)
        parts = (self.query(asked), *self.key_value(known).chunk(2, dim=-1))
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        found = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        tokens = tokens + self.ls_1(self.joined(found.transpose(1, 2).flatten(2)))
        return cast("Tensor", tokens + self.ls_2(self.mlp(self.ln_2(tokens))))


class _Product(nn.Module):
    """A linear layer. float32 on a processor goes through oneDNN, which uses AVX-512 wherever it is; MKL, torch's own
    choice, leaves it alone on AMD's processors and takes twice as long there.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        plain = weight.device.type != "cpu" or weight.dtype != torch.float32
        self.by_onednn = not plain and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        self.weight, self.bias = (
            one.detach().to_mkldnn() if self.by_onednn else one.detach() for one in (weight, bias)
        )

    def forward(self, rows: Tensor) -> Tensor:
        if not self.by_onednn:
            return linear(rows, self.weight, self.bias)
        product: Tensor = torch.ops.aten.mkldnn_linear(rows.to_mkldnn(), self.weight, self.bias)
        return product.to_dense()


class _QuickGelu(QuickGELU):  # type: ignore[misc]
    """The same in the memory of what it is given: to be given new memory of that size takes longer than the sum."""

    def forward(self, given: Tensor) -> Tensor:
        return given.mul_((1.702 * given).sigmoid_())
