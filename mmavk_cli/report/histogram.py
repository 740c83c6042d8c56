"""The drawing of a distribution of similarities."""

from collections.abc import Mapping
from pathlib import Path

from mmavk_cli.report.plots import drawing
from mmavk_cli.report.similarities import Distribution


def draw_histogram(found: Distribution, title: str, published: Mapping[str, float], stem: Path) -> None:
    """Write the histogram with its thresholds, and the published mean where there is one, to `stem`.png and .svg.

    Raises:
        MissingError: matplotlib is not installed.
    """
    with drawing(stem) as axes:
        lows = [one.low for one in found.bins]
        widths = [one.high - one.low for one in found.bins]
        axes.bar(lows, [one.posts for one in found.bins], widths, align="edge", color="#8fb3d9", edgecolor="white")
        for cut, share in found.gated.items():
            axes.axvline(float(cut), color="#b03030", linewidth=1)
            axes.annotate(
                f" {cut}: {share:.1%} under", (float(cut), 0.97), xycoords=("data", "axes fraction"),
                color="#b03030", fontsize=8, rotation=90, va="top",
            )  # fmt: skip
        axes.axvline(found.mean, color="#1f4e79", linewidth=1, label=f"mean {found.mean:.4f}")
        if "mean" in published:
            axes.axvline(
                published["mean"], color="#1f4e79", linestyle=":", linewidth=1, label=f"the paper's {published['mean']}"
            )
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("similarity of post and picture")
        axes.set_ylabel("posts")
        axes.legend(frameon=False, fontsize=8)
