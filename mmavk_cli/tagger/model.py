"""The paper's network: one encoder for words and knowledge, word-level fusion, CRF (equations 5 to 12)."""

from typing import Any

import torch
from torch import Tensor, nn

from mmavk_cli.tagger.batch import Batch
from mmavk_cli.tagger.decoder import ConstrainedCRF
from mmavk_cli.tagger.fusion import WordFusion


class Tagger(nn.Module):
    """Emissions and loss of a batch.

    Args:
        encoder: a Hugging Face encoder; its call gives `last_hidden_state` [R, P, D].
        tags: tag names, `O` first.
        dropout: before the fusion.
    """

    def __init__(self, encoder: nn.Module, tags: tuple[str, ...], dropout: float) -> None:
        super().__init__()
        width = int(encoder.config.hidden_size)  # type: ignore[union-attr,arg-type]
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.fusion = WordFusion(width)
        self.emit = nn.Linear(width, len(tags))
        self.crf = ConstrainedCRF(tags)

    def emissions(self, batch: Batch) -> Tensor:
        """Scores of every tag for every word, [B, W, T] float32 (equations 5 to 10)."""
        words = self.words(batch)
        knowledge, weight = self.knowledge(batch)
        fused = self.fusion(self.dropout(words), knowledge, weight)
        scores: Tensor = self.emit(fused)
        return scores.float()

    def words(self, batch: Batch) -> Tensor:
        """h_i: the last hidden state of each word's first piece, [B, W, D] (equation 5)."""
        hidden = self._encode(batch.ids, batch.mask)
        flat = hidden.reshape(-1, hidden.shape[-1])
        return flat[self._to(batch.first)]

    def knowledge(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """h_[CLS] of each post's knowledge [B, D], zeros where there is none, and its weight [B] (equations 6, 7)."""
        weight = self._to(batch.weight)
        width = self.emit.in_features
        if not len(batch.knowledge_ids):
            return torch.zeros(len(weight), width, device=weight.device), weight
        hidden = self._encode(batch.knowledge_ids, batch.knowledge_mask)[:, 0]
        return hidden[self._to(batch.knowledge_of).clamp(min=0)], weight

    def loss(self, batch: Batch) -> Tensor:
        """Mean negative log-likelihood of the gold tags of a post, float32 (equations 11, 12)."""
        return self.crf.loss(self.emissions(batch), self._to(batch.tags), self._to(batch.word_mask))

    def _encode(self, ids: Any, mask: Any) -> Tensor:
        output: Tensor = self.encoder(input_ids=self._to(ids), attention_mask=self._to(mask)).last_hidden_state
        return output

    def _to(self, array: Any) -> Tensor:
        return torch.from_numpy(array).to(self.emit.weight.device)
