"""The network: an encoder reads the words, a fusion brings in the knowledge, a decoder finds the entities."""

import torch
from torch import Tensor, nn

from mmavk_cli.tagger.batch import Batch
from mmavk_cli.tagger.decoders.layers import DecoderLayers
from mmavk_cli.tagger.encoders.layers import EncoderLayers
from mmavk_cli.tagger.fusions.layers import FusionLayers

MAIN = "decoder"
"""The name of the decoder's loss, beside those of the fusion's auxiliary ones."""


class TaggerNetwork(nn.Module):
    """Loss and logits of a batch (equations 5 to 12 with the paper's parts).

    Args:
        encoder: pieces → vectors.
        fusion: word vectors and knowledge → fused word vectors.
        decoder: fused word vectors → logits, loss, and at last entities.
        dropout: before the fusion.
    """

    def __init__(self, encoder: EncoderLayers, fusion: FusionLayers, decoder: DecoderLayers, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.fusion = fusion
        self.decoder = decoder

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def words(self, batch: Batch) -> Tensor:
        """h_i: the hidden state of each word's first piece, [B, W, D] (equation 5)."""
        ids, mask, first = (torch.from_numpy(one).to(self.device) for one in (batch.ids, batch.mask, batch.first))
        hidden: Tensor = self.encoder(ids, mask, **self.fusion.encoder_inputs(batch, self.device))
        return hidden.reshape(-1, hidden.shape[-1])[first]

    def fused(self, batch: Batch) -> Tensor:
        """h'_i: word vectors with what the fusion makes of the knowledge, [B, W, D'] (equation 10)."""
        fused: Tensor = self.fusion(self.dropout(self.words(batch)), batch, self.encoder)
        return fused

    def logits(self, batch: Batch) -> Tensor:
        """What the decoder searches, float32: that of each line of the posts."""
        fused = self.fused(batch)
        lines = fused.reshape(-1, fused.shape[-1])[torch.from_numpy(batch.line_words).to(self.device)]
        logits: Tensor = self.decoder(lines, batch.line_lengths)
        return logits

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The decoder's loss and the fusion's auxiliary ones by name, each a mean over posts; their sum is trained."""
        words = self.fused(batch)
        return {MAIN: self.decoder.loss(words, batch.gold, batch.lengths), **self.fusion.losses(words, batch)}
