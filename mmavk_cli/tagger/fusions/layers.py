"""The half of a fusion that learns."""

import numpy as np
import torch
from torch import Tensor

from mmavk_cli.tagger.batch import Batch
from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge
from mmavk_cli.tagger.encoders.layers import EncoderLayers
from mmavk_cli.tagger.fusions.learned_gate import LearnedGate
from mmavk_cli.tagger.layers import PartLayers
from mmavk_cli.tagger.parts import Sizes

GATE = "gate"


class FusionLayers(PartLayers):
    """Layers of a fusion; as they stand they hand the words on, which is all that some fusions do.

    Attributes:
        gate: gives the weights from the similarities while it learns; afterwards they come with the knowledge.
        frozen: encodes the knowledge where the encoder that learns does not.
    """

    gate: LearnedGate | None
    frozen: FrozenKnowledge | None

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.gate = None
        self.frozen = None

    def encoder_inputs(self, batch: Batch, device: torch.device) -> dict[str, object]:  # noqa: ARG002
        """What the encoder gets beside the pieces of the words, by the name of its argument."""
        return {}

    def forward(self, words: Tensor, batch: Batch, encoder: EncoderLayers) -> Tensor:  # noqa: ARG002
        """Fused words [B, W, D'] from words [B, W, D]; `encoder` reads what is still to be read."""
        return words

    def losses(self, words: Tensor, batch: Batch) -> dict[str, Tensor]:  # noqa: ARG002
        """Auxiliary losses by name, each a mean over posts with its factor in it, from the fused words."""
        return {}

    def weight(self, batch: Batch, device: torch.device) -> Tensor:
        """What each post's knowledge counts, [B]: 0 where there is none, by the gate while it learns."""
        weight = torch.from_numpy(batch.weight).to(device)
        if self.gate is None:
            return weight
        return torch.where(weight > 0, self.gate(torch.from_numpy(batch.similarity).to(device)), weight)

    def visual(self, batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
        """Features of the pictures [B, *shape], zeros where there is none, and which posts have any, bool [B]."""
        features = batch.visual
        if not batch.has_visual.any():
            features = np.zeros((len(features), *self.sizes.features), np.float32)
        return torch.from_numpy(features).to(device), torch.from_numpy(batch.has_visual).to(device)

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds: all parameters but the gate's, which stands in `tagger.json`."""
        return {name: one for name, one in super().tensors().items() if name.partition(".")[0] != GATE}
