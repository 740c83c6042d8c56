"""CLIP through open_clip: pictures and texts → unit vectors (paper, equations 2 and 3; their product is equation 4).

The only file that imports open_clip, which takes seconds. Nothing is fetched and nothing unpickled.
"""

import difflib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import huggingface_hub
import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model
from open_clip.transform import PreprocessCfg, image_transform_v2
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import functional

from mmavk_cli.base.device import empty_cache, is_out_of_memory
from mmavk_cli.base.digest import digest_file
from mmavk_cli.base.errors import MemoryShortError, MissingError, UsageError
from mmavk_cli.base.records import Json
from mmavk_cli.similarity.clip_fast import encode_text, shorten
from mmavk_cli.similarity.clip_source import LIBRARY, SAFE, SMALLER, WEIGHTS, ClipSource, in_cache

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]

PRECISIONS = {"float32": "fp32", "float16": "fp16"}
"""Ours and open_clip's names; layer norms and what leaves the model are float32 in both."""

LONGEST = 2000
"""Characters of a text that are read, white space counted once: 77 tokens are some 400, and one endless word would take
the tokenizer minutes."""


class Clip:
    """One CLIP on one device.

    Attributes:
        facts: all that decides a vector: model, settings, digest of the weights, preparation of pictures, arithmetic.
    """

    def __init__(self, model: Any, tokenizer: Any, facts: Json, device: str, batch: int) -> None:
        self.model, self.tokenizer, self.facts, self.device, self.batch = model, tokenizer, facts, device, batch
        self.context = int(tokenizer.context_length)
        self._prepare = image_transform_v2(PreprocessCfg(**model.visual.preprocess_cfg), is_train=False)
        self._pad = int(tokenizer([""], self.context + 1)[0, -1])

    def prepared(self, image: "Image") -> Tensor:
        """The picture (RGB) as the model sees it, [3, height, width] float32. For any thread."""
        pixels: Tensor = self._prepare(image)
        return pixels

    def pictures(self, prepared: Sequence[Tensor]) -> Floats:
        """Unit vectors of pictures, [pictures, D].

        Raises:
            MemoryShortError: not even one fits.
        """
        dtype = open_clip.get_input_dtype(PRECISIONS[self.facts["arithmetic"]["precision"]])
        return self._vectors(
            prepared, lambda rows: self.model.encode_image(torch.stack(list(rows)).to(self.device, dtype))
        )

    def texts(self, texts: Sequence[str]) -> tuple[Floats, list[bool]]:
        """Unit vectors of texts, [texts, D], and which texts are longer than the model reads (77 tokens, both ends
        included) and were cut there.

        Raises:
            MemoryShortError: not even one fits.
        """
        clean = [" ".join(text.split())[:LONGEST].encode("utf-8", "replace").decode() for text in texts]
        long = self.tokenizer(clean, self.context + 1)[:, -1] != self._pad
        ids = self.tokenizer(clean, self.context)
        found = self._vectors(list(ids), lambda rows: encode_text(self.model, torch.stack(list(rows)).to(self.device)))
        return found, long.tolist()

    @torch.inference_mode()
    def _vectors(self, rows: Sequence[Tensor], encode: Callable[[Sequence[Tensor]], Tensor]) -> Floats:
        done: list[Tensor] = []
        at = 0
        while at < len(rows):
            try:
                done.append(functional.normalize(encode(rows[at : at + self.batch]).float(), dim=-1).cpu())
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.batch == 1:
                    what = "one picture or text does not fit into memory"
                    raise MemoryShortError(what, "--clip", SMALLER) from error
                self.batch = self.batch // 2
            else:
                at += len(done[-1])
                continue
            empty_cache()  # here, where the error does not hold any more what the failed batch had made
        found: Floats = torch.cat(done).numpy() if done else np.zeros((0, 0), np.float32)
        return found


def load_clip(source: ClipSource, precision: str, device: str, batch: int) -> Clip:
    """The CLIP that `source` names, with the activation its weights were trained with.

    Args:
        source: model, tag and weights.
        precision: `float32` or `float16`.
        device: `cpu` or `cuda`.
        batch: pictures or texts in one forward pass.

    Raises:
        UsageError: open_clip knows no such model or tag. MissingError: the weights are not there, or do not fit.
    """
    tag = _tag(source) if source.tag else {}
    config = open_clip.get_model_config(f"local-dir:{source.folder}" if source.folder else source.model)
    if config is None:
        raise UsageError(f"open_clip has no model {source.model!r}", "--clip", _near(source.model))
    weights = source.weights or _cached_weights(source, tag)
    with _offline(), _silent():
        try:
            model = open_clip.create_model(
                f"local-dir:{source.folder}" if source.folder else source.model,
                load_weights=False,
                precision=PRECISIONS[precision],
                device=device,
                force_quick_gelu=bool(tag.get("quick_gelu")),
                force_preprocess_cfg=tag,
                pretrained_text=False,
            )
            open_clip.load_checkpoint(model, str(weights))
            tokenizer = open_clip.get_tokenizer(f"local-dir:{source.folder}" if source.folder else source.model)
        except (OSError, RuntimeError, ValueError, KeyError, TypeError, AssertionError, SafetensorError) as error:
            if is_out_of_memory(error):
                raise
            what = f"cannot load CLIP: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
            advice = "Give the weights and the model that belong together"
            raise MissingError(what, str(weights), advice) from error
    facts = {
        "model": source.model,
        "weights": digest_file(weights),
        "preprocess": dict(model.visual.preprocess_cfg),
        "arithmetic": {
            "precision": precision,
            "quick_gelu": bool(tag.get("quick_gelu") or config.get("quick_gelu")),
            "config": config,
            "context": int(tokenizer.context_length),
        },
        "versions": {LIBRARY: version(LIBRARY)},
    }
    shorten(model.eval())
    return Clip(model, tokenizer, facts, device, batch)


def _tag(source: ClipSource) -> Json:
    tags = list_pretrained_tags_by_model(source.model)
    if not tags:
        raise UsageError(f"open_clip has no model {source.model!r} with tags", "--clip", _near(source.model))
    found: Json = dict(get_pretrained_cfg(source.model, source.tag))
    if not found:
        raise UsageError(f"{source.model} has no tag {source.tag!r}", "--clip", f"There is: {', '.join(tags)}")
    return found


def _near(model: str) -> str:
    names = {name.lower(): name for name in open_clip.list_models()}
    near = [names[one] for one in difflib.get_close_matches(model.lower(), names, n=3)]
    return f"Did you mean {', '.join(near)}?" if near else "See open_clip.list_models()"


def _cached_weights(source: ClipSource, tag: Json) -> Path:
    """The tag's weights in the hub's cache, where `hf download` puts them."""
    repository, _, file = str(tag.get("hf_hub", "")).rpartition("/")
    several = WEIGHTS if repository else ()
    names = (file,) if file.endswith(SAFE) else several
    if found := in_cache(repository, names):
        return found
    if not names:
        what, advice = f"the tag's weights come as no {SAFE} file", "Convert them, and name them with --clip-weights"
    else:
        what, advice = "the weights are not on this machine", f"Fetch them: hf download {repository} {names[0]}"
    raise MissingError(what, source.name, advice)


@contextmanager
def _offline() -> Iterator[None]:
    """Some models look for their tokenizer on the hub; what is not on this machine is told instead."""
    constants = huggingface_hub.constants
    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextmanager
def _silent() -> Iterator[None]:
    """open_clip warns that a model is random while its weights are still to be read."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
