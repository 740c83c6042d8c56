"""The exported tagger: the encoder in ONNX Runtime, fusion and decoder in NumPy. Loads no torch."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mmavk_cli.base.cores import cores
from mmavk_cli.base.errors import MissingError
from mmavk_cli.tagger.batch import Batch, Floats, Ints
from mmavk_cli.tagger.checkpoint import FROZEN_ONNX, HEAD, ONNX, TaggerConfig
from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.inference.predictor import Predictor
from mmavk_cli.tagger.parts import Shapes, Sizes


class OnnxModel:
    """Logits with an ONNX encoder; the same numbers as torch up to quantisation.

    The encoder gets one row at a time, without padding: an int8 encoder takes its scale from all it is given, so in a
    batch a post's tags would depend on the posts beside it. Rows run on `threads` threads (0: one a core).
    """

    device = "cpu"

    def __init__(self, folder: Path, config: TaggerConfig, threads: int) -> None:
        self.session = _session(folder / ONNX)
        self.of_knowledge = _session(folder / FROZEN_ONNX) if config.frozen else self.session
        self.encoder, self.fusion = ENCODERS[config.encoder_kind](), FUSIONS[config.pieces.fusion]()
        decoder = DECODERS[config.decoder](config.tags)
        sizes = Sizes(self.session.get_outputs()[0].shape[-1], features=config.visual)
        fused = replace(sizes, width=self.fusion.width_out(sizes))
        self.tensors = _head(folder / HEAD, self.fusion.shapes(sizes) | decoder.shapes(fused))
        self.head = decoder.head(self.tensors)
        self.pool = ThreadPoolExecutor(threads or cores())

    def logits(self, batch: Batch) -> Floats:
        """What the decoder searches, float32."""
        hidden = self._encode(self.session, batch.ids, batch.mask)
        words = hidden.reshape(-1, hidden.shape[-1])[batch.first]
        fused = self.fusion.fuse(words, batch, self.tensors, self._pooled)
        lines = fused.reshape(-1, fused.shape[-1])[batch.line_words]
        return self.head.logits(lines, batch.line_lengths)

    def _pooled(self, ids: Ints, mask: Ints) -> Floats:
        """One vector a text, [U, D] (equation 7)."""
        return self.encoder.pool(self._encode(self.of_knowledge, ids, mask), mask.sum(axis=1))

    def _encode(self, session: Any, ids: Ints, mask: Ints) -> Floats:
        """Hidden states [R, P, D] of R rows, zero in the padding."""
        rows = [row[:length][None] for row, length in zip(ids, mask.sum(axis=1), strict=True)]
        found = list(self.pool.map(partial(_encode_row, session), rows))
        hidden = np.zeros((*ids.shape, found[0].shape[-1]), np.float32)
        for row, one in zip(hidden, found, strict=True):
            row[: len(one)] = one
        return hidden


def load_runtime(folder: Path, threads: int = 0) -> tuple[Predictor, TaggerConfig]:
    """A predictor over an exported tagger, with so many threads (0: one a core).

    Raises:
        MissingError: a file is absent or broken.
    """
    config = TaggerConfig.read(folder)
    cutter = ENCODERS[config.encoder_kind]().cutter(folder, config.pieces)
    return Predictor(OnnxModel(folder, config, threads), cutter, config), config


def _encode_row(session: Any, ids: Ints) -> Floats:
    hidden: Floats = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
    return hidden


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena keeps the longest post's memory for ever
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has no common base class
        raise MissingError(f"cannot load the encoder: {error}", str(path), "Export or install it again") from error


def _head(path: Path, shapes: Shapes) -> dict[str, Floats]:
    """The tensors of fusion and decoder, of these shapes."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        head = dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise MissingError(f"cannot read the head: {error}", str(path), "Export or install it again") from error
    if {name: tensor.shape for name, tensor in head.items()} != shapes:
        raise MissingError("the head does not fit the encoder", str(path), "Export or install it again")
    return head
