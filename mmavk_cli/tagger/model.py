"""The paper's network: one encoder for words and knowledge, a fusion, CRF (equations 5 to 12)."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmavk_cli.tagger.batch import Batch
from mmavk_cli.tagger.decoders.crf import ConstrainedCRF
from mmavk_cli.tagger.encoders.cls_only import first_piece
from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge
from mmavk_cli.tagger.fusions.learned_gate import LearnedGate
from mmavk_cli.tagger.fusions.prefix import VisualPrefix, WordFusion
from mmavk_cli.tagger.settings import Fusion


class Tagger(nn.Module):
    """Emissions and loss of a batch.

    Args:
        encoder: a Hugging Face encoder; its call gives `last_hidden_state` [R, P, D].
        tags: tag names, `O` first.
        dropout: before the fusion.
        fusion: how knowledge meets the words; with `concat` and `text` the encoder's word vectors are emitted as
            they are.
        frozen: what encodes the knowledge where the encoder that learns does not.
        gate: gives the weights from the similarities while it learns; afterwards they come with the knowledge.
        visual: numbers in a picture's features, for the fusion `prefix`.
    """

    def __init__(
        self,
        encoder: nn.Module,
        tags: tuple[str, ...],
        dropout: float,
        fusion: Fusion = "word",
        frozen: FrozenKnowledge | None = None,
        gate: LearnedGate | None = None,
        visual: int = 0,
    ) -> None:
        super().__init__()
        width = int(encoder.config.hidden_size)  # type: ignore[union-attr,arg-type]
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.fusion = WordFusion(width) if fusion == "word" else None
        self.frozen = frozen
        self.gate = gate
        self.prefix = VisualPrefix(encoder, visual) if fusion == "prefix" else None
        self.emit = nn.Linear(width, len(tags))
        self.crf = ConstrainedCRF(tags)

    def emissions(self, batch: Batch) -> Tensor:
        """Scores of every tag for every word, [B, W, T] float32 (equations 5 to 10)."""
        words = self.dropout(self.words(batch))
        if self.fusion is not None:
            words = self.fusion(words, *self.knowledge(batch))
        scores: Tensor = self.emit(words)
        return scores.float()

    def words(self, batch: Batch) -> Tensor:
        """h_i: the last hidden state of each word's first piece, [B, W, D] (equation 5)."""
        hidden = self._encode(batch.ids, batch.mask, **self._prefixes(batch))
        flat = hidden.reshape(-1, hidden.shape[-1])
        return flat[self._to(batch.first)]

    def knowledge(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """h_[CLS] of each post's knowledge [B, D], zeros where there is none, and its weight [B] (equations 6, 7)."""
        weight = self._to(batch.weight)
        if self.gate is not None:
            weight = torch.where(weight > 0, self.gate(self._to(batch.similarity)), weight)
        width = self.emit.in_features
        if not len(batch.knowledge_ids):
            return torch.zeros(len(weight), width, device=weight.device), weight
        ids, mask = batch.knowledge_ids, batch.knowledge_mask
        if self.frozen is not None:
            vectors = self.frozen(ids, mask, weight.device)
        else:
            vectors = first_piece(self.encoder, self._to(ids), self._to(mask))
        return vectors[self._to(batch.knowledge_of).clamp(min=0)], weight

    def loss(self, batch: Batch) -> Tensor:
        """Mean negative log-likelihood of the gold tags of a post, float32 (equations 11, 12)."""
        return self.crf.loss(self.emissions(batch), self._to(batch.tags), self._to(batch.word_mask))

    def _prefixes(self, batch: Batch) -> dict[str, Any]:
        if self.prefix is None:
            return {}
        width = self.prefix.reduce.in_features
        visual = batch.visual if batch.visual.shape[1] else np.zeros((len(batch.visual), width), np.float32)
        return {"prefix": self.prefix(self._to(visual[batch.row_of]))}

    def _encode(self, ids: Any, mask: Any, **others: Any) -> Tensor:
        hidden: Tensor = self.encoder(
            input_ids=self._to(ids), attention_mask=self._to(mask), **others
        ).last_hidden_state
        return hidden

    def _to(self, array: Any) -> Tensor:
        return torch.from_numpy(array).to(self.emit.weight.device)
