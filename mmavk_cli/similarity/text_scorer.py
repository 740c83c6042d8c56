"""The text scorer of the embedded profile: a vector a piece, their sum a text, the cosine of two texts. No torch.

The vectors are fitted by `fit.py`; a piece's scale holds how much it says, so that `the` weighs next to nothing.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmavk_cli.base.digest import canonical, digest, digest_file
from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.tokenizers import load_tokenizer

WEIGHTS, TOKENIZER = "scorer.safetensors", "tokenizer.json"
FORM = "text-1"
"""Name of the arithmetic below; another name where it would give another score from the same weights."""

LONGEST = 20_000
"""Characters of a text that are read."""

_URL = re.compile(r"(?:https?:|www\.)\S*")

Floats = NDArray[np.float32]


class TextScorer:
    """Cosine of summed piece vectors; a `Scorer`.

    Attributes:
        vectors: int8 [pieces, D].
        scales: float32 [pieces]; a piece's vector is `scales[i] * vectors[i]`. 0: the piece says nothing.
    """

    def __init__(self, vectors: NDArray[np.int8], scales: Floats, tokenizer: Any, identity: str) -> None:
        self.vectors, self.scales, self.tokenizer, self._id = vectors, scales, tokenizer, identity

    @property
    def id(self) -> str:
        """Tagged digest of form, weights and tokenizer."""
        return self._id

    @classmethod
    def load(cls, folder: Path, tokenizer: Any = None) -> "TextScorer":
        """The scorer in `folder`. `tokenizer`, where it is loaded already, is that of the folder's `tokenizer.json`.

        Raises:
            MissingError: a file is absent or broken, or the two do not belong together.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path, advice = (
            folder / WEIGHTS,
            "Install mmavk again, or fit it: python -m mmavk_cli.flows.train.fit_text_scorer",
        )
        try:
            tensors = load_file(path)
            vectors, scales = tensors["vectors"], tensors["scales"]
            files = {name: digest_file(folder / name) for name in (WEIGHTS, TOKENIZER)}
        except (OSError, SafetensorError, KeyError) as error:
            raise MissingError(f"cannot load the text scorer: {error}", str(path), advice) from error
        tokenizer = load_tokenizer(folder / TOKENIZER) if tokenizer is None else tokenizer
        pieces = tokenizer.get_vocab_size()
        if vectors.dtype != np.int8 or vectors.ndim != 2 or not len(vectors) == len(scales) == pieces:  # noqa: PLR2004
            what = f"the text scorer needs one int8 vector for each of the tokenizer's {pieces} pieces"
            raise MissingError(what, str(path), advice)
        return cls(vectors, scales, tokenizer, digest(canonical({"form": FORM, "files": files})))

    def score(self, posts: Sequence[str], knowledge: Sequence[str]) -> list[float]:
        """Cosine in [-1, 1] of each post with the knowledge at the same place; 0 where a side has no piece that says
        anything (an empty text, an emoji, the words around what a picture's text says). The order of a pair and the
        other pairs change nothing.

        Raises:
            ValueError: the two are not equally many.
        """
        if len(posts) != len(knowledge):
            raise ValueError(f"{len(posts)} posts, {len(knowledge)} knowledge texts")
        cosines = (self._directions(posts) * self._directions(knowledge)).sum(axis=1)
        found: list[float] = np.clip(cosines, -1, 1).tolist()
        return found

    def _directions(self, texts: Sequence[str]) -> Floats:
        """One unit vector a text, or zeros, [texts, D]."""
        sums = np.zeros((len(texts), self.vectors.shape[1]), np.float32)
        for row, ids in zip(sums, piece_ids(self.tokenizer, texts), strict=True):
            row[:] = self.scales[ids] @ self.vectors[ids].astype(np.float32)
        norms: Floats = np.linalg.norm(sums, axis=1, keepdims=True)
        norms[norms == 0] = 1
        return sums / norms


def piece_ids(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """The pieces a text is judged by: the first `LONGEST` characters without URLs, a lone surrogate read as `?`."""
    clean = [_URL.sub(" ", text[:LONGEST]).encode("utf-8", "replace").decode("utf-8") for text in texts]
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(clean, add_special_tokens=False)]
