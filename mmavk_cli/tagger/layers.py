"""What the learned halves of fusions and decoders share: their tensors in a checkpoint."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class PartLayers(nn.Module):
    """Layers whose parameters are saved in `head.safetensors` under their own names."""

    def tensors(self) -> dict[str, Tensor]:
        """Name → tensor, as a checkpoint holds them."""
        return dict(self.named_parameters())

    def put(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the values of a checkpoint's tensors, which have the names and shapes of `tensors()`."""
        with torch.no_grad():
            for name, own in self.tensors().items():
                own.copy_(tensors[name])
