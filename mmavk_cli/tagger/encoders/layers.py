"""The network of an encoder."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from mmavk_cli.base.errors import UsageError


class EncoderLayers(nn.Module, ABC):
    """Pieces → vectors.

    Attributes:
        family: what messages call it.
        width: numbers in a vector, D.
        depth: its layers; 0 where a fusion has nothing to do with them.
        longest: pieces it can read in a row; None: any number.
    """

    family: str
    width: int
    depth: int = 0
    longest: int | None = None

    @abstractmethod
    def forward(self, ids: Tensor, mask: Tensor, **extra: Any) -> Tensor:
        """Hidden states [R, P, D] of piece ids [R, P]; mask [R, P] is 0 in the padding.

        `extra` is what the fusion's `encoder_inputs` gives.
        """

    def pooled(self, ids: Tensor, mask: Tensor) -> Tensor:
        """One vector a row, [U, D] (equation 7): the first piece's."""
        first: Tensor = self(ids, mask)[:, 0]
        return first

    def exported(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What an exported model computes: hidden states of rows without padding, which is how it gets them."""
        hidden: Tensor = self(ids, mask)
        return hidden

    def recompute(self) -> None:
        """From now on keep little of each layer, and recompute the rest in the backward pass.

        Raises:
            UsageError: this encoder cannot.
        """
        what = f"{self.family} cannot recompute its activations"
        raise UsageError(what, "--gradient-checkpointing", "Leave it out for this encoder")

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write weights (safetensors) and sizes (`config.json`) into a folder."""
