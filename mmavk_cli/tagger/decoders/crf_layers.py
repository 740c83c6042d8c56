"""The CRF of training: pytorch-crf with the transitions IOB2 forbids held at a huge negative score."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torchcrf import CRF

from mmavk_cli.spans import split_tag
from mmavk_cli.tagger.batch import Ints
from mmavk_cli.tagger.decoders.head import Gold, MakeHead, tag_ids
from mmavk_cli.tagger.decoders.layers import DecoderLayers
from mmavk_cli.tagger.parts import Sizes

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
        inside = torch.zeros(len(tags), len(tags), dtype=torch.bool)
        for at, before in enumerate(tags):
            inside[at] = torch.tensor([not allowed(before, tag) for tag in tags])
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


class CrfLayers(DecoderLayers):
    """A linear layer that gives emissions, and the CRF over them."""

    def __init__(self, tags: Sequence[str], sizes: Sizes, make_head: MakeHead) -> None:
        super().__init__(make_head)
        self.tags = tags
        self.emit = nn.Linear(sizes.width, len(tags))
        self.crf = ConstrainedCRF(tags)

    def forward(self, words: Tensor, lengths: Ints) -> Tensor:  # noqa: ARG002
        """Emissions: scores of every tag for every word, [B, W, T]."""
        emissions: Tensor = self.emit(words)
        return emissions.float()

    def loss(self, words: Tensor, gold: Gold, lengths: Ints) -> Tensor:
        """Mean negative log-likelihood of a post's gold tags (equations 11, 12)."""
        emissions = self(words, lengths)
        tags = torch.from_numpy(tag_ids(gold, lengths, self.tags)).to(words.device)
        there = torch.arange(words.shape[1]) < torch.from_numpy(lengths)[:, None]
        return self.crf.loss(emissions, tags, there.to(words.device))

    def structural(self) -> Iterator[nn.Parameter]:
        """The chain's scores."""
        return self.crf.parameters()

    def tensors(self) -> dict[str, Tensor]:
        """The forbidden transitions stand in them as what they are, so that NumPy need not know which they are."""
        start, transitions, end = self.crf.scores()
        chain = {"crf.start": start, "crf.transitions": transitions, "crf.end": end}
        return {"emit.weight": self.emit.weight, "emit.bias": self.emit.bias, **chain}

    def put(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the values of a checkpoint's tensors."""
        with torch.no_grad():
            self.emit.weight.copy_(tensors["emit.weight"])
            self.emit.bias.copy_(tensors["emit.bias"])
            self.crf.crf.start_transitions = tensors["crf.start"]
            self.crf.crf.transitions = tensors["crf.transitions"]
            self.crf.crf.end_transitions.copy_(tensors["crf.end"])
