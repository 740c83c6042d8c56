"""Unit vectors as text, for the store, and their cosine."""

import base64

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_STORED = np.dtype("<f4")


def packed(vector: Floats) -> str:
    """A vector as base64 of float32, least significant byte first."""
    return base64.b64encode(vector.astype(_STORED).tobytes()).decode("ascii")


def unpacked(text: str) -> Floats:
    """The vector that `packed` wrote, [D]."""
    return np.frombuffer(base64.b64decode(text, validate=True), _STORED).astype(np.float32)


def cosine(picture: Floats, text: Floats) -> float:
    """The product of two unit vectors, in [-1, 1] (paper, equation 4)."""
    return float(np.clip(picture.astype(np.float64) @ text.astype(np.float64), -1, 1))
