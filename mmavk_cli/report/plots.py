"""Drawings as PNG and SVG: one figure a file, no state between them, the same file for the same numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import MissingError

SUFFIXES = (".png", ".svg")
INCHES = (6.4, 3.6)
DOTS = 150


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


@contextmanager
def drawing(stem: Path) -> Iterator[Any]:
    """Axes to draw on; when the block ends well, `stem` with .png and with .svg are written.

    Raises:
        MissingError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingError("matplotlib is not installed", str(stem), "Run: pip install 'mmavk[plots]'") from error
    with mpl.rc_context({"svg.hashsalt": "mmavk", "svg.fonttype": "none"}):
        figure = Figure(figsize=INCHES, layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        yield axes
        for suffix in SUFFIXES:
            figure.savefig(stem.with_name(stem.name + suffix), dpi=DOTS, metadata=_METADATA[suffix])


_METADATA: dict[str, dict[str, str | None]] = {".png": {"Software": None}, ".svg": {"Date": None}}
"""What matplotlib would write into a file that differs from day to day or version to version."""
