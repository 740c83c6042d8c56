"""The cards of runs that hold no model: what was scored, generated, tagged or swept, and what came of it."""

from mmavk_cli.base.records import Json
from mmavk_cli.report.card.sections import (
    Card,
    data_section,
    making,
    numbers_section,
    scores_section,
    seed_scores_section,
)
from mmavk_cli.report.table_section import Section

SHARE = "share under the threshold"
SHOWN = frozenset({"totals", "counts", "recipe"})
"""What a run says that has a table of its own."""


def run_card(name: str, run: Json, scores: Json, data: Json) -> Card:
    """The card of a run of `mmavk eval`, `tag`, `generate`, `score` or `sweep`, from its records.

    `scores` is its scores.json, or sweep.json; empty where the command writes none.

    Args:
        name: of the run.
        run: its run.json.
        scores: its scores.json or sweep.json; empty if it has none.
        data: its data.json; empty if it has none.
    """
    command = str(run["command"])
    results = {"eval": _eval, "score": _score, "sweep": _sweep}.get(command, _totals)(run, scores)
    made = making("How it was made", {"": {key: one for key, one in run.items() if key not in SHOWN}})
    about = {"command": command, "settings": run["settings"], "model": run.get("model"), "seeds": "seeds" in scores}
    return Card("run", name, (made,), tuple(results), data_section(data), about=about)


def _eval(run: Json, scores: Json) -> list[Section]:
    if not scores:
        return []
    asked = run["settings"]
    one = next(iter(scores["seeds"].values())) if "seeds" in scores else scores
    heading = f"{asked['dataset']} {asked['split']}, knowledge: {one['knowledge']}"
    return [seed_scores_section(heading, scores) if "seeds" in scores else scores_section(heading, scores)]


def _score(_: Json, scores: Json) -> list[Section]:
    sections = [numbers_section("Posts", ("what", "number"), scores.get("counts") or {})]
    if found := scores.get("similarities"):
        parts = {name: found[name] for name in ("posts", "mean", "median", "lowest", "highest")}
        parts |= {f"{SHARE} {cut}": share for cut, share in found["gated"].items()}
        sections.append(numbers_section(f"Similarities by {scores['scorer']}", ("what", "similarity"), parts))
    return sections


def _sweep(_: Json, scores: Json) -> list[Section]:
    rows = [
        (f"{one['threshold']:.2f}", f"{one['gated']:.1%}", f"{one['scores']['f1']['mean']:.2f}")
        for one in scores.get("points") or ()
    ]
    heading = f"F1 at every threshold, similarities by {scores.get('scorer')}"
    return [Section(heading, ("threshold", "gated", "strict F1"), tuple(rows), (), 1)]


def _totals(run: Json, _: Json) -> list[Section]:
    totals = numbers_section("Totals", ("what", "number"), run.get("totals") or {})
    rows = tuple((name, _plain(value)) for name, value in (run.get("recipe") or {}).items() if value)
    recipe = Section("Recipe of the knowledge", ("what", "value"), rows, (), 2)
    return [totals, recipe] if rows else [totals]


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    return str(value)
