"""The layers of the word-level fusion (equations 7 to 10)."""

import torch
from torch import Tensor, nn

from mmavk_cli.tagger.batch import Batch
from mmavk_cli.tagger.encoders.layers import EncoderLayers
from mmavk_cli.tagger.fusions.layers import FusionLayers
from mmavk_cli.tagger.parts import Sizes


class WordLayers(FusionLayers):
    """h'_i = W [h_i ; weight * h_aux] with h_aux = tanh(Linear(h_[CLS])).

    W begins as the identity on h_i and zero on h_aux, so that training starts from the encoder's own word vectors.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        width = sizes.width
        self.auxiliary = nn.Linear(width, width)
        self.weigh = nn.Linear(2 * width, width)
        with torch.no_grad():
            self.weigh.weight.copy_(torch.cat([torch.eye(width), torch.zeros(width, width)], dim=1))
            self.weigh.bias.zero_()

    def forward(self, words: Tensor, batch: Batch, encoder: EncoderLayers) -> Tensor:
        """Fused words [B, W, D]."""
        return self.fused(words, *self.knowledge(batch, encoder, words.device))

    def fused(self, words: Tensor, knowledge: Tensor, weight: Tensor) -> Tensor:
        """Fused words [B, W, D] from words [B, W, D], h_[CLS] of the knowledge [B, D] and its weight [B]."""
        auxiliary = torch.tanh(self.auxiliary(knowledge)) * weight[:, None]
        spread = auxiliary[:, None, :].expand(-1, words.shape[1], -1)
        fused: Tensor = self.weigh(torch.cat([words, spread.to(words.dtype)], dim=-1))
        return fused

    def knowledge(self, batch: Batch, encoder: EncoderLayers, device: torch.device) -> tuple[Tensor, Tensor]:
        """h_[CLS] of each post's knowledge [B, D], zeros where there is none, and its weight [B] (equations 6, 7)."""
        weight = self.weight(batch, device)
        ids, mask = batch.knowledge_ids, batch.knowledge_mask
        if not len(ids):
            return torch.zeros(len(weight), self.sizes.width, device=device), weight
        if self.frozen is not None:
            vectors = self.frozen(ids, mask, device)
        else:
            vectors = encoder.pooled(torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device))
        return vectors[torch.from_numpy(batch.knowledge_of).to(device).clamp(min=0)], weight
