"""Building, saving and loading the torch tagger, and its emissions as NumPy arrays."""

import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mmavk_cli.base.errors import MissingError
from mmavk_cli.tagger.batch import Batch, Floats
from mmavk_cli.tagger.checkpoint import ENCODER, FROZEN, HEAD, TaggerConfig
from mmavk_cli.tagger.decoders.crf_numpy import Chain
from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge
from mmavk_cli.tagger.encoders.transformer import load_encoder
from mmavk_cli.tagger.model import Tagger


def _layers(model: Tagger) -> dict[str, torch.Tensor]:
    parts = [model.fusion, model.prefix]
    named = [pair for part in parts if part is not None for pair in part.named_parameters()]
    return dict(named) | {"emit.weight": model.emit.weight, "emit.bias": model.emit.bias}


def head_weights(model: Tagger) -> dict[str, torch.Tensor]:
    """Everything but the encoder, under the names the NumPy runtime reads; [out, in] matrices."""
    start, transitions, end = model.crf.scores()
    tensors = {**_layers(model), "crf.start": start, "crf.transitions": transitions, "crf.end": end}
    return {name: tensor.detach().float().cpu().contiguous() for name, tensor in tensors.items()}


def save_model(model: Tagger, config: TaggerConfig, folder: Path) -> None:
    """Write weights and settings into `folder` (safetensors only), replacing what stands there."""
    folder.mkdir(parents=True, exist_ok=True)
    encoders = {ENCODER: model.encoder} | ({FROZEN: model.frozen.encoder} if model.frozen else {})
    for name, encoder in encoders.items():
        shutil.rmtree(folder / name, ignore_errors=True)
        encoder.save_pretrained(folder / name)  # type: ignore[operator]
    save_file(head_weights(model), folder / HEAD)
    config.write(folder)


def load_model(folder: Path) -> tuple[Tagger, TaggerConfig]:
    """A saved tagger, in evaluation mode.

    Raises:
        MissingError: a file is absent, cut or of another shape.
    """
    config = TaggerConfig.read(folder)
    frozen = FrozenKnowledge(load_encoder(folder / FROZEN)) if config.frozen else None
    model = Tagger(load_encoder(folder / ENCODER), config.tags, 0.0, config.pieces.fusion, frozen, visual=config.visual)
    try:
        weights = load_file(folder / HEAD)
        own = head_weights(model)
        if {name: t.shape for name, t in own.items()} != {name: t.shape for name, t in weights.items()}:
            raise MissingError("the head does not fit the encoder", str(folder / HEAD), "Train or export it again")
    except (OSError, SafetensorError) as error:
        raise MissingError(f"cannot read the head: {error}", str(folder / HEAD), "Train it again") from error
    with torch.no_grad():
        for name, tensor in _layers(model).items():
            tensor.copy_(weights[name])
        crf = model.crf.crf
        crf.start_transitions = weights["crf.start"]
        crf.transitions = weights["crf.transitions"]
        crf.end_transitions.copy_(weights["crf.end"])
    return model.eval(), config


class TorchEmitter:
    """Emissions of a torch tagger for the predictor."""

    def __init__(self, model: Tagger, config: TaggerConfig) -> None:
        self.model = model
        self.tags = config.tags

    @property
    def chain(self) -> Chain:
        """The CRF's scores as they are now."""
        start, transitions, end = (scores.detach().cpu().numpy() for scores in self.model.crf.scores())
        return Chain(start, transitions, end, self.tags)

    @property
    def device(self) -> str:
        """Where the weights are."""
        return str(self.model.emit.weight.device)

    def emissions(self, batch: Batch) -> Floats:
        """Scores [B, W, T] in evaluation mode, without gradients."""
        training = self.model.training
        self.model.eval()
        with torch.inference_mode():
            scores = self.model.emissions(batch).cpu().numpy()
        self.model.train(training)
        return np.asarray(scores, np.float32)
