"""A gate that is trained along: the logistic function of the similarity."""

import math

import torch
from torch import Tensor, nn


class LearnedGate(nn.Module):
    """weight = sigmoid(steepness * (similarity - centre)), both learned; the steepness stays above 0."""

    def __init__(self, centre: float, steepness: float) -> None:
        super().__init__()
        self.centre = nn.Parameter(torch.tensor(centre))
        self.log_steepness = nn.Parameter(torch.tensor(math.log(steepness)))

    def forward(self, similarity: Tensor) -> Tensor:
        """Weights [B] in (0, 1) of similarities [B]."""
        return torch.sigmoid(self.log_steepness.exp() * (similarity - self.centre))

    def values(self) -> tuple[float, float]:
        """Centre and steepness as they are now."""
        return self.centre.item(), self.log_steepness.exp().item()
