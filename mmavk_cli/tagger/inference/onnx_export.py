"""A trained tagger → ONNX encoder (int8 or float) and NumPy head, the files that `onnx_model.py` reads."""

import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from mmavk_cli.base.errors import MissingError, UsageError, install
from mmavk_cli.tagger.checkpoint import CONFIG, FROZEN_ONNX, HEAD, ONNX, TaggerConfig
from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.layers import EncoderLayers
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.inference.torch_model import load_model


def files_of(config: TaggerConfig) -> tuple[str, ...]:
    """What an exported tagger is made of."""
    cutter = ENCODERS[config.encoder_kind].cutter_files
    return (ONNX, *((FROZEN_ONNX,) if config.frozen else ()), HEAD, *cutter, CONFIG)


def check_exportable(config: TaggerConfig, where: Path) -> None:
    """Every part of the tagger has a form without torch.

    Raises:
        UsageError: one has none.
    """
    parts = {
        f"fusion {config.pieces.fusion}": FUSIONS[config.pieces.fusion].onnx,
        f"decoder {config.decoder}": DECODERS[config.decoder].onnx,
        f"encoder kind {config.encoder_kind}": ENCODERS[config.encoder_kind].onnx,
    }
    for part, exportable in parts.items():
        if not exportable:
            raise UsageError(f"a tagger with the {part} has no ONNX form", str(where), "Use its run folder itself")


class _Hidden(nn.Module):
    """An encoder with the names that ONNX Runtime gives its arguments."""

    def __init__(self, encoder: EncoderLayers) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden: Tensor = self.encoder.exported(input_ids, attention_mask)
        return hidden


def export_onnx(source: Path, target: Path, config: TaggerConfig, *, int8: bool) -> None:
    """Write a tagger for ONNX Runtime.

    The files appear in an order that leaves no folder which loads half old and half new: `tagger.json` goes first and
    comes last.

    Args:
        source: the model folder.
        target: the folder to write into.
        config: of the model.
        int8: dynamic quantisation of the encoder, a scale a channel.

    Raises:
        MissingError: the checkpoint or the package onnx is not there. UsageError: one of its parts cannot be exported.
    """
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise MissingError("the package onnx is not installed", do=install("train")) from error
    check_exportable(config, source)
    network, _ = load_model(source)
    (target / CONFIG).unlink(missing_ok=True)
    (target / FROZEN_ONNX).unlink(missing_ok=True)
    encoders = {ONNX: network.encoder}
    if network.fusion.frozen is not None:
        encoders[FROZEN_ONNX] = network.fusion.frozen.encoder
    for name, encoder in encoders.items():
        with tempfile.TemporaryDirectory() as scratch:
            plain, prepared = Path(scratch) / "plain.onnx", Path(scratch) / "prepared.onnx"
            _to_onnx(_Hidden(encoder), plain)
            if not int8:
                shutil.move(plain, target / name)
                continue
            quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
            # Weights of 7 bits: on processors without VNNI the sums of 8-bit products overflow and tags change.
            quantize_dynamic(
                str(prepared), str(target / name), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True
            )
    for name in (HEAD, *ENCODERS[config.encoder_kind].cutter_files):
        shutil.copyfile(source / name, target / name)
    config.write(target)


def _to_onnx(model: nn.Module, path: Path) -> None:
    example = torch.ones(2, 8, dtype=torch.int64)
    axes = {0: "rows", 1: "pieces"}
    with warnings.catch_warnings():
        # The newer exporter needs the package onnxscript; this one says that it is old and that shapes are traced,
        # which the comparison with torch in the tests covers.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.eval(),
            (example, example),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["hidden"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "hidden": axes},
            opset_version=17,
            dynamo=False,
        )
