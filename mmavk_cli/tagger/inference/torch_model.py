"""Saving and loading the network, and its logits as NumPy arrays."""

import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mmavk_cli.base.errors import MissingError
from mmavk_cli.tagger.batch import Batch, Floats
from mmavk_cli.tagger.build import Parts, assembled
from mmavk_cli.tagger.checkpoint import ENCODER, FROZEN, HEAD, TaggerConfig
from mmavk_cli.tagger.decoders.head import SpanHead
from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.model import TaggerNetwork


def head_weights(network: TaggerNetwork) -> dict[str, torch.Tensor]:
    """The tensors of fusion and decoder, float32, under their own names."""
    fusion, decoder = network.fusion.tensors(), network.decoder.tensors()
    if both := fusion.keys() & decoder.keys():
        raise ValueError(f"fusion and decoder both have a tensor {min(both)!r}")
    return {name: one.detach().float().cpu().contiguous() for name, one in (fusion | decoder).items()}


def save_model(network: TaggerNetwork, config: TaggerConfig, folder: Path) -> None:
    """Write weights and settings into `folder` (safetensors only), replacing what stands there."""
    folder.mkdir(parents=True, exist_ok=True)
    encoders = {ENCODER: network.encoder}
    if network.fusion.frozen is not None:
        encoders[FROZEN] = network.fusion.frozen.encoder
    for name, encoder in encoders.items():
        shutil.rmtree(folder / name, ignore_errors=True)
        encoder.save(folder / name)
    save_file(head_weights(network), folder / HEAD)
    config.write(folder)


def load_model(folder: Path) -> tuple[TaggerNetwork, TaggerConfig]:
    """A saved network, in evaluation mode.

    Raises:
        MissingError: a file is absent, cut or of another shape.
    """
    config = TaggerConfig.read(folder)
    kind = ENCODERS[config.encoder_kind]()
    parts = Parts(config.pieces.fusion, config.decoder, config.tags, config.visual)
    network = assembled(kind.load(folder / ENCODER), parts)
    if config.frozen:
        network.fusion.frozen = FrozenKnowledge(kind.load(folder / FROZEN))
    try:
        weights = load_file(folder / HEAD)
    except (OSError, SafetensorError) as error:
        raise MissingError(f"cannot read the head: {error}", str(folder / HEAD), "Train it again") from error
    own = {name: one.shape for name, one in head_weights(network).items()}
    if own != {name: one.shape for name, one in weights.items()}:
        raise MissingError("the head does not fit the encoder", str(folder / HEAD), "Train or export it again")
    network.fusion.put(weights)
    network.decoder.put(weights)
    return network.eval(), config


class TorchModel:
    """A network at work, for the predictor."""

    def __init__(self, network: TaggerNetwork) -> None:
        self.network = network

    @property
    def head(self) -> SpanHead:
        """The decoder as it is now."""
        return self.network.decoder.head()

    @property
    def device(self) -> str:
        """Where the weights are."""
        return str(self.network.device)

    def logits(self, batch: Batch) -> Floats:
        """The decoder's logits in evaluation mode, without gradients."""
        training = self.network.training
        self.network.eval()
        with torch.inference_mode():
            logits = self.network.logits(batch).cpu().numpy()
        self.network.train(training)
        return np.asarray(logits, np.float32)
