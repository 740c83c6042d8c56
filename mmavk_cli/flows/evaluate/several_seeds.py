"""eval of a folder with several seeds: each seed's scores, and what they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mmavk_cli.base.records import Json
from mmavk_cli.flows.evaluate.evaluate import EvalSettings, Evaluation, evaluate
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.progress import Progress, part_of
from mmavk_cli.flows.shared.run_folder import run_or_none
from mmavk_cli.flows.shared.seeds import seed_folder, seed_folders
from mmavk_cli.report.metrics.f1 import Rule, Scores
from mmavk_cli.report.metrics.seeds import SeedScores, spread_scores


@dataclass(frozen=True, slots=True)
class SeedEvaluations:
    """Each seed's evaluation, and mean and standard deviation of their scores, overall and a type."""

    runs: dict[int, Evaluation]
    strict: dict[str, SeedScores]
    conlleval: dict[str, SeedScores]

    def as_json(self) -> Json:
        """One JSON object."""
        mean: Json = {rule: _as_json(rows) for rule, rows in self.rules().items()}
        return mean | {"seeds": {seed: one.as_json() for seed, one in self.runs.items()}}

    def rules(self) -> dict[Rule, dict[str, SeedScores]]:
        """The scores by their counting rule."""
        return {"strict": self.strict, "conlleval": self.conlleval}


def has_seeds(model: str) -> bool:
    """Whether a model's name is that of a folder with several seeds."""
    return bool(seed_folders(Path(model)))


def evaluate_seeds(settings: EvalSettings, on_progress: Progress) -> SeedEvaluations:
    """Score every seed's model; with `--out` in one run folder with one of each seed inside.

    Raises:
        All that `evaluate` raises.
    """
    folders = seed_folders(Path(settings.model))
    with run_or_none(settings.out, "eval", settings) as run:
        runs = {}
        for number, (seed, folder) in enumerate(folders.items()):
            out = seed_folder(run.folder, seed) if run else None
            one = settings.model_copy(update={"model": str(folder), "out": out})
            runs[seed] = evaluate(one, part_of(on_progress, number, len(folders)))
        strict = [one.scores.strict for one in runs.values()]
        conlleval = [one.scores.conlleval for one in runs.values()]
        found = SeedEvaluations(runs, _over_seeds(strict), _over_seeds(conlleval))
        if run:
            run.write("scores.json", found.as_json())
    if settings.out is not None:
        write_cards(settings.out)
    return found


def _as_json(rows: Mapping[str, SeedScores]) -> Json:
    return {name: asdict(row) for name, row in rows.items()}


def _over_seeds(rows: Sequence[dict[str, Scores]]) -> dict[str, SeedScores]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: spread_scores(_of_type(rows, name)) for name in names}


def _of_type(rows: Sequence[dict[str, Scores]], name: str) -> list[Scores]:
    """A type that a seed neither has in the gold nor found scores 0 there."""
    return [row.get(name, Scores(0.0, 0.0, 0.0, 0)) for row in rows]
