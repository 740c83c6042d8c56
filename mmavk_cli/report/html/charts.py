"""The drawings of a report: scores with intervals, learning curves, calibration, similarities, a threshold sweep."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmavk_cli.base.records import Json
from mmavk_cli.report.html.svg import STYLES, Axis, Bar, Chart, Line, Point, Rule, Whisker, axis
from mmavk_cli.report.metrics.f1 import OVERALL
from mmavk_cli.report.predictions_reader import Answered

QUIET = STYLES
"""The style of what is only there to be compared with."""

GATED_UNDER = 1.0
BIN = 0.05


def scores_chart(scores: Mapping[str, Json], rule: str) -> Chart | None:
    """F1 with its interval, a row a type; `scores` by the run's name, each the scores of one rule by type."""
    types = list(dict.fromkeys(name for one in scores.values() for name in one))
    if not types:
        return None
    whiskers, rows = [], []
    for row, kind in enumerate(types):
        for number, (name, one) in enumerate(scores.items()):
            if kind not in one:
                continue
            f1, ends = one[kind]["f1"], one[kind].get("interval")
            height = len(types) - row - (number + 1) / (len(scores) + 1)
            whiskers.append(Whisker(height, f1, tuple(ends) if ends else None, number % STYLES))
            rows.append((kind, name, f"{f1:.2f}", "{:.1f} to {:.1f}".format(*ends) if ends else "-"))
    values = [end for one in whiskers for end in (one.value, *(one.ends or ()))]
    upright = Axis("", 0, len(types), tuple((len(types) - row - 0.5, kind) for row, kind in enumerate(types)))
    return Chart(
        title=f"F1 a type, {rule}",
        summary="; ".join(f"{name}: overall {f1} ({ends})" for kind, name, f1, ends in rows if kind == OVERALL),
        x=axis("F1, % (the line is the 95 % interval)", values),
        y=upright,
        head=("type", "run", "F1", "95 %"),
        rows=tuple(rows),
        whiskers=tuple(whiskers),
        names=_names(list(scores)),
        height=90 + len(types) * max(26, 12 * len(scores)),
    )


def learning_charts(logs: Mapping[str, Sequence[Json]]) -> list[Chart]:
    """Training loss and validation F1 over epochs, a line a run; the lines of metrics.jsonl by the run's name."""
    losses = {name: _series(lines, "loss") for name, lines in logs.items()}
    f1 = {name: series for name, lines in logs.items() for name, series in _f1_series(name, lines, len(logs))}
    drawn = [_curves("Training loss", "loss", losses, 3), _curves("Validation F1", "F1, %", f1, 2)]
    return [one for one in drawn if one]


def calibration_chart(name: str, found: Json) -> Chart | None:
    """How often names of a score are right; `found` is `calibration` of scores.json."""
    bins: list[Json] = found["bins"]
    if not bins:
        return None
    rows = tuple(
        (f"{one['low']:.1f} to {one['high']:.1f}", str(one["names"]), f"{one['score']:.3f}", f"{one['right']:.3f}")
        for one in bins
    )
    return Chart(
        title=f"Calibration{name}",
        summary=f"Expected calibration error {found['error']:.4f}",
        x=axis("score of a name", (), (0, 1)),
        y=axis("share that is right", (), (0, 1)),
        head=("score", "names", "mean score", "right"),
        rows=rows,
        bars=tuple(Bar(one["low"], one["high"], 0, one["right"], 0) for one in bins),
        lines=(Line("score taken at its word", ((0, 0), (1, 1)), QUIET),),
        names=((0, "share that is right"), (QUIET, "scores taken at their word")),
    )


def similarity_chart(name: str, answers: Sequence[Answered]) -> Chart | None:
    """Similarities of posts with knowledge, those whose knowledge counts less than in full on top."""
    known = [
        (one.knowledge.similarity, one.knowledge.weight)
        for one in answers
        if one.knowledge and one.knowledge.similarity is not None
    ]
    if not known:
        return None
    counts: dict[int, list[int]] = {}
    for similarity, weight in known:
        counts.setdefault(int(similarity // BIN), [0, 0])[weight < GATED_UNDER] += 1
    bins = [(number * BIN, (number + 1) * BIN, *counts.get(number, (0, 0))) for number in _all_between(counts)]
    gated = sum(weight < GATED_UNDER for _, weight in known)
    full = [similarity for similarity, weight in known if weight >= GATED_UNDER]
    cut = min(full, default=None) if gated else None
    edges = [edge for low, high, *_ in bins for edge in (low, high)]
    return Chart(
        title=f"Similarity of posts and knowledge{name}",
        summary=f"{len(known)} posts, the knowledge of {gated} counts less than in full",
        x=axis("similarity", edges),
        y=axis("posts", [0, *(sum(one[2:]) for one in bins)], least=1),
        head=("similarity", "counts in full", "counts less"),
        rows=tuple((f"{low:.2f} to {high:.2f}", str(in_full), str(less)) for low, high, in_full, less in bins),
        bars=tuple(Bar(low, high, 0, in_full, 0) for low, high, in_full, _ in bins if in_full)
        + tuple(Bar(low, high, in_full, in_full + less, 1) for low, high, in_full, less in bins if less),
        rules=() if cut is None else (Rule(f"lowest that counts in full: {cut:.2f}", QUIET, x=cut),),
        names=((0, "counts in full"), (1, "counts less or not at all")),
    )


def scored_chart(name: str, scores: Json) -> Chart | None:
    """The histogram of `mmavk score`, from its scores.json, with the thresholds that were asked for."""
    found = scores.get("similarities")
    if not found or not found.get("bins"):
        return None
    bins: list[Json] = found["bins"]
    gated: dict[str, float] = found.get("gated") or {}
    rules = [Rule(f"{cut}: {share:.1%} under it", QUIET, x=float(cut)) for cut, share in gated.items()]
    return Chart(
        title=f"Similarity of posts and pictures{name}",
        summary=f"{found['posts']} posts, mean {found['mean']:.3f}, median {found['median']:.3f}",
        x=axis(f"similarity by {scores.get('scorer', '')}", [bins[0]["low"], bins[-1]["high"], *map(float, gated)]),
        y=axis("posts", [0, *(one["posts"] for one in bins)], least=1),
        head=("similarity", "posts", "share under its end"),
        rows=tuple((f"{one['low']:g} to {one['high']:g}", str(one["posts"]), f"{one['under']:.1%}") for one in bins),
        bars=tuple(Bar(one["low"], one["high"], 0, one["posts"], 0) for one in bins),
        rules=tuple(rules),
    )


def sweep_chart(name: str, found: Json) -> Chart | None:
    """F1 over thresholds (the paper's Figure 4), from the sweep.json of `mmavk sweep`."""
    points: list[Json] = found.get("points") or []
    if not points:
        return None
    f1: list[Point] = [(one["threshold"], one["scores"]["f1"]["mean"]) for one in points]
    every, none = found["every"]["f1"]["mean"], found["none"]["f1"]["mean"]
    return Chart(
        title=f"F1 over thresholds, {found.get('dataset', '')} {found.get('split', '')}{name}".rstrip(),
        summary=f"all knowledge {every:.2f}, none {none:.2f}, highest {max(one for _, one in f1):.2f} (chosen on these"
        " posts, so it flatters)",
        x=axis(f"threshold on the similarity by {found.get('scorer', '')}", [one for one, _ in f1]),
        y=axis("F1, %", [every, none, *(one for _, one in f1)]),
        head=("threshold", "gated", "F1"),
        rows=tuple((f"{one['threshold']:g}", f"{one['gated']:.1%}", f"{y:.2f}")
                   for one, (_, y) in zip(points, f1, strict=True)),
        lines=(Line("knowledge under the threshold left out", tuple(f1), 0),),
        rules=(Rule("all knowledge", 1, y=every), Rule("no knowledge", QUIET, y=none)),
        names=((0, "knowledge under the threshold left out"), (1, "all knowledge"), (QUIET, "no knowledge")),
    )  # fmt: skip


def _curves(title: str, label: str, series: Mapping[str, Sequence[Point]], decimals: int) -> Chart | None:
    series = {name: points for name, points in series.items() if points}
    if not series:
        return None
    ends = "; ".join(f"{name} ends at {points[-1][1]:.{decimals}f}" for name, points in series.items())
    values = [y for points in series.values() for _, y in points]
    rows = [(name, f"{x:.2f}", f"{y:.{decimals}f}") for name, points in series.items() for x, y in points]
    return Chart(
        title=title,
        summary=ends,
        x=axis("epoch", [0.0, *(x for points in series.values() for x, _ in points)], least=1),
        y=axis(label, [0.0, *values] if label == "loss" else values),
        head=("run", "epoch", label),
        rows=tuple(rows),
        lines=tuple(Line(name, tuple(points), number % STYLES) for number, (name, points) in enumerate(series.items())),
        names=_names(list(series)),
    )


def _f1_series(name: str, lines: Sequence[Json], runs: int) -> list[tuple[str, list[Point]]]:
    """The F1 that chooses the epoch; of a run by itself, that of each data set with and without knowledge too."""
    keys = dict.fromkeys(key for line in lines for key in line if key.removeprefix("eval_").startswith("f1"))
    chosen = list(keys)
    if runs > 1:
        chosen = [key for key in keys if key.removeprefix("eval_") == "f1"]
    return [(_called(name, key.removeprefix("eval_"), runs), _series(lines, key)) for key in chosen]


def _called(name: str, key: str, runs: int) -> str:
    if runs > 1:
        return name
    return "mean, which chooses the epoch" if key == "f1" else key.removeprefix("f1_").replace("_", ", ")


def _series(lines: Sequence[Json], key: str) -> list[Point]:
    return [(float(line["epoch"]), float(line[key])) for line in lines if _is_number(line.get(key))]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)  # a training that broke logs NaN


def _names(names: Sequence[str]) -> tuple[tuple[int, str], ...]:
    return tuple((number % STYLES, name) for number, name in enumerate(names))


def _all_between(counts: Mapping[int, Any]) -> range:
    return range(min(counts), max(counts) + 1)
