"""The CRF of training: pytorch-crf with the transitions IOB2 forbids held at a huge negative score."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torchcrf import CRF

from mmavk_cli.spans import split_tag

FORBIDDEN = -1e4
"""Score of a transition that IOB2 does not allow; float32 keeps ordinary scores exact beside it."""


def allowed(before: str, tag: str) -> bool:
    """Whether `tag` may follow `before` in IOB2; `O` before the first word."""
    prefix, kind = split_tag(tag)
    return prefix != "I" or (before != "O" and split_tag(before)[1] == kind)


class _Forbid(nn.Module):
    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, scores: Tensor) -> Tensor:
        return scores.masked_fill(self.mask, FORBIDDEN)  # type: ignore[arg-type]

    def right_inverse(self, scores: Tensor) -> Tensor:
        return scores


class ConstrainedCRF(nn.Module):
    """Linear-chain CRF (equations 11, 12) over emissions [B, W, T], always in float32."""

    def __init__(self, tags: Sequence[str]) -> None:
        super().__init__()
        self.crf = CRF(len(tags), batch_first=True)
        inside = torch.tensor([[not allowed(before, tag) for tag in tags] for before in tags])
        first = torch.tensor([not allowed("O", tag) for tag in tags])
        parametrize.register_parametrization(self.crf, "transitions", _Forbid(inside))
        parametrize.register_parametrization(self.crf, "start_transitions", _Forbid(first))

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Mean over posts of -log p(tags); mask [B, W] bool. A post without words counts nothing."""
        kept = mask.any(dim=1)
        with torch.autocast(emissions.device.type, enabled=False):
            likelihood = self.crf(emissions.float()[kept], tags[kept], mask[kept], reduction="mean")
        loss: Tensor = -likelihood
        return loss

    def scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """Start [T], transition [T from, T to] and end [T] scores."""
        return self.crf.start_transitions, self.crf.transitions, self.crf.end_transitions
