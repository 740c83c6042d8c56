"""Fits the text scorer: a linear map of an encoder's word embeddings, and a weight a piece, on posts and captions.

A post must find its own caption among those of the posts beside it, and the caption its post (InfoNCE, van den Oord et
al. 2018, equation 4, in both directions). Only a map and one number a piece are free, so that pieces the data never
shows move with those it does.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save
from torch.nn import functional

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.settings import Settings, setting
from mmavk_cli.similarity.text_scorer import WEIGHTS, Floats, piece_ids

Pair = tuple[str, str]
"""A post's text and its caption."""


class FitSettings(Settings):
    """How the text scorer is fitted; chosen on validation data (docs/decisions.md)."""

    width: int = setting(64, "Numbers in a vector.", ge=1)
    epochs: int = setting(15, "Passes over the pairs.", ge=1)
    pairs: int = setting(512, "Pairs in one update: a post finds its caption among so many.", ge=2)
    temperature: float = setting(0.2, "Cosines are divided by it before the softmax.", gt=0)
    map_lr: float = setting(2e-3, "Peak learning rate of the map; it falls to 0 in a straight line.", gt=0)
    weight_lr: float = setting(1e-2, "Peak learning rate of the weights.", gt=0)
    common: float = setting(1e-3, "A piece of this share of all starts at half weight.", gt=0)
    seed: int = setting(1, "Seed of the order of the pairs.")


@dataclass(frozen=True, slots=True)
class Fitted:
    """What `TextScorer` needs: vectors int8 [pieces, D] and scales float32 [pieces]."""

    vectors: NDArray[np.int8]
    scales: Floats

    def save(self, folder: Path) -> Path:
        """Write `scorer.safetensors` into `folder`; readers see the old file or the new one."""
        path, unfinished = folder / WEIGHTS, folder / f".{WEIGHTS}.unfinished"
        unfinished.write_bytes(save({"vectors": self.vectors, "scales": self.scales}))
        return unfinished.replace(path)


def word_embeddings(encoder: Path) -> Floats:
    """The embedding matrix of a BERT encoder's folder, [pieces, D].

    Raises:
        OSError: no `model.safetensors` there.
    """
    from safetensors import safe_open

    with safe_open(encoder / "model.safetensors", framework="np") as tensors:
        name = next(name for name in tensors.keys() if name.endswith("word_embeddings.weight"))  # noqa: SIM118
        matrix: Floats = tensors.get_tensor(name)
    return matrix


def silent_pieces(tokenizer: Any, neutral: Sequence[str]) -> list[int]:
    """Pieces that must not count: special ones ([UNK] is any emoji) and those of the texts in `neutral`."""
    special = {token["id"] for token in json.loads(tokenizer.to_str())["added_tokens"]}
    return sorted(special.union(*piece_ids(tokenizer, neutral)))


def fit(pairs: Sequence[Pair], embeddings: Floats, tokenizer: Any, neutral: Sequence[str], how: FitSettings) -> Fitted:
    """Fit vectors and scales; the same input gives the same weights on one machine.

    Args:
        pairs: posts with their captions, in any order.
        embeddings: [pieces, E] of an encoder that has the tokenizer's pieces.
        tokenizer: as `load_tokenizer` gives it.
        neutral: texts whose pieces must say nothing, like the words around what a picture's text says.
        how: the settings.

    Raises:
        DataError: fewer than two pairs have words on both sides.
    """
    posts = piece_ids(tokenizer, [post for post, _ in pairs])
    captions = piece_ids(tokenizer, [caption for _, caption in pairs])
    silent = silent_pieces(tokenizer, neutral)
    kept = [
        row for row, both in enumerate(zip(posts, captions, strict=True)) if all(set(ids) - {*silent} for ids in both)
    ]
    if len(kept) < 2:  # noqa: PLR2004
        raise DataError(f"{len(kept)} pairs of post and caption to fit on", do="Give at least two")
    posts, captions = _chosen(posts, kept), _chosen(captions, kept)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in one order
    try:
        model = _Model(embeddings, _start_weights(posts + captions, silent, len(embeddings), how.common), how)
        _train(model, posts, captions, how)
        return model.fitted()
    finally:
        torch.set_num_threads(threads)


def _start_weights(texts: Sequence[Sequence[int]], silent: list[int], pieces: int, common: float) -> Floats:
    """`common / (common + share of the piece)` (Arora et al. 2017, section 3), 0 for silent pieces; [pieces]."""
    counts = np.bincount(np.concatenate([np.asarray(ids, np.int64) for ids in texts]), minlength=pieces)
    weights: Floats = (common / (common + counts / counts.sum())).astype(np.float32)
    weights[silent] = 0
    return weights


class _Model(torch.nn.Module):
    """text → unit vector: the weighted sum of its pieces' embeddings, mapped to D numbers."""

    def __init__(self, embeddings: Floats, weights: Floats, how: FitSettings) -> None:
        super().__init__()
        centred = embeddings - embeddings.mean(axis=0)
        centred /= np.linalg.norm(centred, axis=1).mean()
        _, _, axes = np.linalg.svd(centred.T @ centred)  # the map begins as a principal component analysis
        self.embeddings = torch.from_numpy(centred)
        self.map = torch.nn.Parameter(torch.from_numpy(axes[: how.width].T.copy()))
        self.speaks = torch.from_numpy(weights > 0)
        self.log_weights = torch.nn.Parameter(torch.from_numpy(np.log(np.where(weights > 0, weights, 1))))

    def weights(self) -> torch.Tensor:
        """How much each piece says, [pieces]."""
        return self.log_weights.exp() * self.speaks

    def forward(self, texts: Sequence[Sequence[int]]) -> torch.Tensor:
        """Unit vectors, [texts, D]."""
        starts = torch.tensor([0, *np.cumsum([len(ids) for ids in texts])[:-1]])
        ids = torch.tensor([piece for text in texts for piece in text])
        weights = self.weights()[ids]
        sums = functional.embedding_bag(ids, self.embeddings, starts, mode="sum", per_sample_weights=weights)
        return functional.normalize(sums @ self.map, dim=1)

    @torch.no_grad()
    def fitted(self) -> Fitted:
        """Vectors in 8 bits, each piece with its own scale."""
        vectors = ((self.embeddings @ self.map) * self.weights()[:, None]).numpy()
        scales = np.abs(vectors).max(axis=1) / 127
        whole = vectors / np.where(scales > 0, scales, 1)[:, None]
        return Fitted(np.rint(whole).astype(np.int8), scales)


def _chosen(texts: list[list[int]], rows: Sequence[int]) -> list[list[int]]:
    return [texts[row] for row in rows]


def _train(model: _Model, posts: list[list[int]], captions: list[list[int]], how: FitSettings) -> None:
    groups = [{"params": [model.map], "lr": how.map_lr}, {"params": [model.log_weights], "lr": how.weight_lr}]
    optimizer = torch.optim.Adam(groups)
    batches = list(_batches(len(posts), how))
    fall = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / len(batches))
    for rows in batches:
        cosines = model(_chosen(posts, rows)) @ model(_chosen(captions, rows)).T
        own = torch.arange(len(rows))
        logits = cosines / how.temperature
        loss = functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        fall.step()


def _batches(pairs: int, how: FitSettings) -> Iterator[list[int]]:
    """Rows of every update; what does not fill a batch waits for the next pass."""
    size, order = min(how.pairs, pairs), np.random.default_rng(how.seed)
    for _ in range(how.epochs):
        rows = order.permutation(pairs).tolist()
        yield from (rows[start : start + size] for start in range(0, pairs - size + 1, size))
