"""The exported tagger: the encoder in ONNX Runtime, fusion and CRF in NumPy. Loads no torch."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mmavk_cli.base.cores import cores
from mmavk_cli.base.errors import MissingError
from mmavk_cli.tagger.batch import Batch, Floats, Ints
from mmavk_cli.tagger.checkpoint import FROZEN_ONNX, HEAD, ONNX, TOKENIZER, TaggerConfig
from mmavk_cli.tagger.decoders.crf_numpy import Chain
from mmavk_cli.tagger.inference.predictor import Predictor
from mmavk_cli.tagger.pieces import PieceCutter


class OnnxEmitter:
    """Emissions by equations 5 to 10 with an ONNX encoder; the same numbers as torch up to quantisation.

    The encoder gets one row at a time, without padding: an int8 encoder takes its scale from all it is given, so in a
    batch a post's tags would hang on the posts beside it. Rows run on `threads` threads (0: one a core).
    """

    device = "cpu"

    def __init__(self, folder: Path, config: TaggerConfig, threads: int) -> None:
        self.session = _session(folder / ONNX)
        self.of_knowledge = _session(folder / FROZEN_ONNX) if config.frozen else self.session
        self.fuses = config.pieces.fusion == "word"
        self.head = _head(folder / HEAD, _shapes(self.session, self.fuses, len(config.tags)))
        self.chain = Chain(self.head["crf.start"], self.head["crf.transitions"], self.head["crf.end"], config.tags)
        self.pool = ThreadPoolExecutor(threads or cores())

    def emissions(self, batch: Batch) -> Floats:
        """Scores of every tag for every word, [B, W, T] float32."""
        hidden = self._encode(self.session, batch.ids, batch.mask)
        words = hidden.reshape(-1, hidden.shape[-1])[batch.first]
        if self.fuses:
            words = self._fused(words, batch)
        scores: Floats = words @ self.head["emit.weight"].T + self.head["emit.bias"]
        return scores

    def _fused(self, words: Floats, batch: Batch) -> Floats:
        """Equations 8 to 10."""
        width = words.shape[-1]
        weigh = self.head["weigh.weight"]
        fused: Floats = words @ weigh[:, :width].T + self.head["weigh.bias"]
        if len(batch.knowledge_ids):
            cls = self._encode(self.of_knowledge, batch.knowledge_ids, batch.knowledge_mask)[:, 0]
            auxiliary = np.tanh(cls @ self.head["auxiliary.weight"].T + self.head["auxiliary.bias"])
            share = auxiliary[np.maximum(batch.knowledge_of, 0)] * batch.weight[:, None]
            fused += (share @ weigh[:, width:].T).astype(np.float32)[:, None, :]
        return fused

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
    cutter = PieceCutter.load(folder / TOKENIZER, config.pieces)
    return Predictor(OnnxEmitter(folder, config, threads), cutter, config.fine), config


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


def _shapes(session: Any, fuses: bool, tags: int) -> dict[str, tuple[int, ...]]:
    """The head's tensors that fit the encoder."""
    width = session.get_outputs()[0].shape[-1]
    fusion = {"auxiliary.weight": (width, width), "auxiliary.bias": (width,)}
    fusion |= {"weigh.weight": (width, 2 * width), "weigh.bias": (width,)}
    crf = {"crf.start": (tags,), "crf.transitions": (tags, tags), "crf.end": (tags,)}
    return {"emit.weight": (tags, width), "emit.bias": (tags,), **crf, **(fusion if fuses else {})}


def _head(path: Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, Floats]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        head = dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise MissingError(f"cannot read the head: {error}", str(path), "Export or install it again") from error
    if {name: tensor.shape for name, tensor in head.items()} != shapes:
        raise MissingError("the head does not fit the encoder", str(path), "Export or install it again")
    return head
