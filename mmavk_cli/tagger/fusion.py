"""Word-level fusion of knowledge into every word."""

import torch
from torch import Tensor, nn


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
