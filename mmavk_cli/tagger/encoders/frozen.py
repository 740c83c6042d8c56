"""Knowledge vectors that training leaves as they are (`--freeze-knowledge`): each distinct text is encoded once."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from mmavk_cli.tagger.batch import Ints, padded
from mmavk_cli.tagger.encoders.layers import EncoderLayers

ROWS = 32
"""Texts encoded at a time, of like length."""

Text = tuple[int, ...]
"""Piece ids of one knowledge text."""


class FrozenKnowledge:
    """h_[CLS] (equation 7) by an encoder that stays as it was before training, without dropout or gradients.

    No `nn.Module`: it is not optimized, not averaged, and not in the points that a training resumes from.
    """

    def __init__(self, encoder: EncoderLayers) -> None:
        self.encoder = encoder.eval().requires_grad_(False)
        self._known: dict[Text, Tensor] = {}

    def __deepcopy__(self, _: object) -> "FrozenKnowledge":
        return self

    def remember(self, texts: Iterable[Text], device: str, on_progress: Callable[[int, int], None]) -> None:
        """Encode each distinct text and keep its vector; afterwards the encoder is on the CPU, out of the other's way.

        Args:
            texts: piece ids, with repetitions.
            device: where to encode them.
            on_progress: gets the number of texts that are done, and of all.
        """
        fresh = sorted(set(texts) - self._known.keys(), key=lambda text: (len(text), text))
        for begin in range(0, len(fresh), ROWS):
            part = fresh[begin : begin + ROWS]
            self._known.update(zip(part, self._encode(*padded(part), device).cpu(), strict=True))
            on_progress(begin + len(part), len(fresh))
        self.encoder.cpu()

    def __call__(self, ids: Ints, mask: Ints, device: torch.device | str) -> Tensor:
        """Vectors [U, D] of the texts ids and mask [U, K]; texts that were not remembered are encoded each time."""
        texts = [tuple(row[:length].tolist()) for row, length in zip(ids, mask.sum(axis=1), strict=True)]
        if all(text in self._known for text in texts):
            return torch.stack([self._known[text] for text in texts]).to(device)
        return self._encode(ids, mask, device)

    def _encode(self, ids: Ints, mask: Ints, device: torch.device | str) -> Tensor:
        device = torch.device(device)
        self.encoder.to(device)
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            return self.encoder.pooled(torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device))
