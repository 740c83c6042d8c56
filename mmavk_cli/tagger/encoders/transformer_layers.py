"""The network of a transformers encoder, loaded without the network, remote code or pickle."""

import inspect
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor

from mmavk_cli.base.device import is_out_of_memory
from mmavk_cli.base.errors import MissingError, UsageError
from mmavk_cli.tagger.encoders.cls_only import first_piece
from mmavk_cli.tagger.encoders.layers import EncoderLayers


class TransformerLayers(EncoderLayers):
    """An encoder whose call gives `last_hidden_state` [R, P, D].

    Args:
        model: a model of transformers, without a pooler.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.family = str(model.config.model_type)
        self.width = int(model.config.hidden_size)
        self.depth = int(model.config.num_hidden_layers)
        self.longest = _positions(model)

    def forward(self, ids: Tensor, mask: Tensor, **extra: Any) -> Tensor:
        """The last hidden states [R, P, D] (equation 5)."""
        hidden: Tensor = self.model(input_ids=ids, attention_mask=mask, **extra).last_hidden_state
        return hidden

    def pooled(self, ids: Tensor, mask: Tensor) -> Tensor:
        """h_[CLS] [U, D] (equation 7), without what only the other pieces would need of the last layer."""
        return first_piece(self.model, ids, mask)

    def recompute(self) -> None:
        """Keep each layer's input alone and recompute the rest in the backward pass."""
        name = "activation_checkpointing_enable"  # transformers before 5.20 has only the second name
        enable = getattr(self.model, name, None) or self.model.gradient_checkpointing_enable
        try:
            enable({"use_reentrant": False})
        except ValueError as error:
            raise UsageError(str(error), "--gradient-checkpointing", "Leave it out for this encoder") from error

    def save(self, folder: Path) -> None:
        """Write `config.json` and safetensors."""
        self.model.save_pretrained(folder)


def load_transformer(folder: Path) -> TransformerLayers:
    """An encoder from a folder, float32.

    Raises:
        MissingError: the weights are absent, broken, only there as pickle, or need code that is not in transformers.
    """
    from transformers import MODEL_MAPPING, AutoConfig, AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    safely: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        kind = MODEL_MAPPING[type(AutoConfig.from_pretrained(folder, **safely))]
        pooled = "add_pooling_layer" in inspect.signature(kind).parameters
        without = {"add_pooling_layer": False} if pooled else {}
        model, report = AutoModel.from_pretrained(
            folder, use_safetensors=True, output_loading_info=True, **safely, **without
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        if is_out_of_memory(error):
            raise
        raise MissingError(f"cannot load the encoder: {error}", str(folder), "Fetch, copy or train it again") from error
    if report["missing_keys"]:  # transformers would draw them at random and only warn
        lacking = f"the encoder's weights lack {min(report['missing_keys'])}"
        raise MissingError(lacking, str(folder), "Download the complete model")
    return TransformerLayers(model.float())


def _positions(model: Any) -> int | None:
    """Pieces it has positions for; None where positions are relative."""
    positions = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if positions is None:
        return None
    # RoBERTa-style models start positions after the padding index.
    return int(positions.num_embeddings) - (0 if positions.padding_idx is None else positions.padding_idx + 1)
