"""Knowledge vectors that training leaves as they are (`--freeze-knowledge`): each distinct text is encoded once."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from mmavk_cli.tagger.batch import Ints, padded
from mmavk_cli.tagger.encoders.cls_only import first_piece

ROWS = 32
"""Texts encoded at a time, of like length."""

Text = tuple[int, ...]
"""Piece ids of one knowledge text."""


class FrozenKnowledge:
    """h_[CLS] (equation 7) by an encoder that stays as it was before training, without dropout or gradients.

    No `nn.Module`: the optimizer, the mean of the weights and the points of a training have nothing to do with it.
    """

    def __init__(self, encoder: nn.Module) -> None:
        self.encoder = encoder.eval().requires_grad_(False)
        self._known: dict[Text, Tensor] = {}

    def __deepcopy__(self, _: object) -> "FrozenKnowledge":
        return self

    def remember(self, texts: Iterable[Text], device: str, told: Callable[[int, int], None]) -> None:
        """Encode each distinct text and keep its vector; `told` hears how many are done, and of how many.

        Afterwards the encoder is on the CPU, so that it takes no room beside the one that learns.
        """
        fresh = sorted(set(texts) - self._known.keys(), key=lambda text: (len(text), text))
        for begin in range(0, len(fresh), ROWS):
            part = fresh[begin : begin + ROWS]
            self._known.update(zip(part, self._encode(*padded(part), device).cpu(), strict=True))
            told(begin + len(part), len(fresh))
        self.encoder.cpu()

    def __call__(self, ids: Ints, mask: Ints, device: torch.device | str) -> Tensor:
        """Vectors [U, D] of the texts ids and mask [U, K]; one that was not remembered is encoded each time."""
        texts = [tuple(row[:length].tolist()) for row, length in zip(ids, mask.sum(axis=1), strict=True)]
        if all(text in self._known for text in texts):
            return torch.stack([self._known[text] for text in texts]).to(device)
        return self._encode(ids, mask, device)

    def _encode(self, ids: Ints, mask: Ints, device: torch.device | str) -> Tensor:
        device = torch.device(device)
        self.encoder.to(device)
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            return first_piece(self.encoder, torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device))
