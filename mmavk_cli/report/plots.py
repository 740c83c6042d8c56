"""Plots, as PNG and SVG; the only file that knows matplotlib."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmavk_cli.base.errors import MissingError, install

if TYPE_CHECKING:
    from mmavk_cli.report.metrics.similarities import Distribution
    from mmavk_cli.report.paper.fig4 import Sweep
    from mmavk_cli.report.paper.tables_3_and_4 import Results

FORMATS = (".png", ".svg")
OURS, QUIET, CUT = "#0b5394", "#767676", "#b03030"


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def check_plots() -> None:
    """That plots can be made, told before the work that they show.

    Raises:
        MissingError: matplotlib is not installed.
    """
    if not can_plot():
        raise MissingError("the plot needs matplotlib", "mmavk reproduce", install("report"))


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


def plot_results(tables: Sequence["Results"], stem: Path) -> tuple[Path, ...]:
    """F1 of each row with its 95 % interval, the paper's beside it; a panel a data set."""
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(1.2 + 4.6 * len(tables), 1.6 + 0.4 * max(len(one.rows) for one in tables)), layout="constrained"
    )
    for axes, table in zip(figure.subplots(1, len(tables), squeeze=False)[0], tables, strict=True):
        _rows(axes, table)
    return _save(figure, stem)


def plot_histogram(found: "Distribution", title: str, published: Mapping[str, float], stem: Path) -> tuple[Path, ...]:
    """How many posts have which similarity, the mean and the paper's (where `published` has one), the thresholds.

    Args:
        found: the similarities.
        title: of the figure.
        published: name → the paper's number; may be empty.
        stem: path of the files without their endings.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.8, 3.6), layout="constrained")
    axes = figure.subplots()
    lows = [one.low for one in found.bins]
    posts = [one.posts for one in found.bins]
    axes.bar(lows, posts, [one.high - one.low for one in found.bins], align="edge", color=OURS, alpha=0.45)
    axes.axvline(found.mean, color=OURS, linewidth=1.2, label=f"mean {found.mean:.4f}")
    if "mean" in published:
        axes.axvline(published["mean"], color=QUIET, linestyle=":", label=f"the paper's mean {published['mean']:.4f}")
    for cut, share in found.gated.items():
        axes.axvline(float(cut), color=CUT, linestyle="--", linewidth=1.2, label=f"{share:.1%} under {cut}")
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("similarity")
    axes.set_ylabel("posts")
    axes.legend(fontsize=7, frameon=False)
    _plain(axes)
    return _save(figure, stem)


def _rows(axes: Any, table: "Results") -> None:
    for at, row in enumerate(table.rows):
        if row.published:
            axes.plot(row.published[2], at, "o", color=QUIET, fillstyle="none")
        if row.scores and row.scores.interval:
            axes.plot(row.scores.interval, (at, at), color=OURS, linewidth=1.5)
            axes.plot(row.scores.f1.mean, at, "o", color=OURS)
    axes.plot([], [], "o-", color=OURS, label=f"ours, {Path(table.encoder).name}, 95 % interval")
    axes.plot([], [], "o", color=QUIET, fillstyle="none", label=f"paper, {table.published_encoder}")
    axes.set_yticks(range(len(table.rows)), [row.name for row in table.rows])
    axes.set_ylim(len(table.rows) - 0.5, -0.5)
    axes.set_xlabel("F1, %")
    axes.set_title(f"{table.table}, {table.dataset}", fontsize=10)
    axes.legend(fontsize=7, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.3))
    _plain(axes, "x")


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
    thresholds = [one.threshold for one in sweep.points]
    axes.plot(thresholds, [100 * one.gated for one in sweep.points], color=QUIET)
    axes.set_ylim(0, 100)
    axes.set_xlabel("threshold")
    _plain(axes)


def _plain(axes: Any, across: str = "y") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=across, color="#e0e0e0", linewidth=0.6)
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
