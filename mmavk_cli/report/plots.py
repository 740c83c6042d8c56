"""Plots, as PNG and SVG; the only file that knows matplotlib."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmavk_cli.base.errors import MissingError

if TYPE_CHECKING:
    from mmavk_cli.report.sweep import Sweep

FORMATS = (".png", ".svg")
OURS, QUIET = "#0b5394", "#767676"


def check_plots() -> None:
    """That plots can be made, told before the work that they show.

    Raises:
        MissingError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise MissingError("the plot needs matplotlib", "mmavk reproduce", "Install it: pip install 'mmavk[report]'")


def plot_sweeps(sweeps: Sequence["Sweep"], stem: Path) -> tuple[Path, ...]:
    """F1 over thresholds, mean and standard deviation, and under it the share of gated posts; a column a data set."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.2 + 4.6 * len(sweeps), 4.6), layout="constrained")
    axes = figure.subplots(2, len(sweeps), sharex="col", squeeze=False, height_ratios=(3, 1))
    for column, sweep in enumerate(sweeps):
        _curve(axes[0, column], sweep)
        _shares(axes[1, column], sweep)
    axes[0, 0].set_ylabel("F1, %")
    axes[1, 0].set_ylabel("gated, %")
    return _save(figure, stem)


def _curve(axes: Any, sweep: "Sweep") -> None:
    at = [one.threshold for one in sweep.points]
    mean = [one.scores.f1.mean for one in sweep.points]
    spread = [one.scores.f1.sd or 0.0 for one in sweep.points]
    ends = list(zip(*((one - sd, one + sd) for one, sd in zip(mean, spread, strict=True)), strict=True))
    axes.fill_between(at, *ends, color=OURS, alpha=0.18, linewidth=0, label="± standard deviation over seeds")
    axes.plot(at, mean, color=OURS, marker="o", markersize=3.5, label="knowledge under the threshold left out")
    axes.axhline(sweep.every.f1.mean, color=QUIET, linestyle="--", linewidth=1.2, label="all knowledge")
    axes.axhline(sweep.none.f1.mean, color=QUIET, linestyle=":", linewidth=1.2, label="no knowledge")
    axes.set_title(f"{sweep.dataset}, {sweep.knowledge}\nsimilarity by {sweep.scorer}", fontsize=10)
    axes.legend(fontsize=7, frameon=False)
    _plain(axes)


def _shares(axes: Any, sweep: "Sweep") -> None:
    axes.plot([one.threshold for one in sweep.points], [100 * one.gated for one in sweep.points], color=QUIET)
    axes.set_ylim(0, 100)
    axes.set_xlabel("threshold")
    _plain(axes)


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e0e0e0", linewidth=0.6)
    axes.set_axisbelow(True)


def _save(figure: Any, stem: Path) -> tuple[Path, ...]:
    """The same bytes for the same figure: no date, no random ids."""
    import matplotlib as mpl

    stem.parent.mkdir(parents=True, exist_ok=True)
    files = tuple(stem.with_suffix(suffix) for suffix in FORMATS)
    with mpl.rc_context({"svg.hashsalt": "mmavk", "svg.fonttype": "none"}):
        figure.savefig(files[0], dpi=160)
        figure.savefig(files[1], metadata={"Date": None})
    return files
