"""Unit vectors as text, for the store, and their cosine."""

import base64
from typing import TYPE_CHECKING

from mmavk_cli.base.records import Visual

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_STORED = "<f4"


def packed(vector: "NDArray[float32]") -> str:
    """A vector as base64 of float32, least significant byte first."""
    return base64.b64encode(vector.astype(_STORED).tobytes()).decode("ascii")


def unpacked(text: str) -> "NDArray[float32]":
    """The vector that `packed` wrote, [D]."""
    import numpy as np

    return np.frombuffer(base64.b64decode(text, validate=True), _STORED).astype(np.float32)


def visual(text: str) -> Visual:
    """The vector that `packed` wrote, as features of a picture."""
    vector = unpacked(text)
    return Visual(vector.shape, vector.tobytes())


def cosine(picture: "NDArray[float32]", text: "NDArray[float32]") -> float:
    """The product of two unit vectors, in [-1, 1] (paper, equation 4)."""
    import numpy as np

    return float(np.clip(picture.astype(np.float64) @ text.astype(np.float64), -1, 1))
