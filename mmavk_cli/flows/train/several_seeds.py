"""train --seeds: one run folder a seed, and what their scores come to."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.records import Json
from mmavk_cli.base.run_record import SCORES, read_record, read_run
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.seeds import check_data, check_unchanged, seed_folder
from mmavk_cli.flows.train.resume import continued, process
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.flows.train.train import train
from mmavk_cli.report.metrics.seeds import Spread, spread


@dataclass(frozen=True, slots=True)
class SeedRuns:
    """Validation scores of each seed's kept epoch (`runs`), and their mean and standard deviation (`scores`)."""

    scores: dict[str, Spread]
    runs: dict[int, Json]

    def as_json(self) -> Json:
        """One JSON object."""
        return {**{name: asdict(one) for name, one in self.scores.items()}, "runs": self.runs}


def train_seeds(settings: TrainSettings, on_log: Callable[[Json], None]) -> SeedRuns:
    """Train every seed of `--seeds` that is not finished, in RUN/seed-1 and so on; writes RUN/scores.json.

    With `--resume` the seed that was interrupted goes on, and the others are trained as they would be without.

    Raises:
        UsageError: a finished seed was trained with other settings. DataError: on other data, or RUN is one run.
        All that `train` raises.
    """
    if process()[1] > 1:
        raise UsageError("--seeds is for one process", "--seeds", "Start torchrun once for each --seed")
    if (settings.out / "run.json").exists():
        raise DataError("the folder exists and is a run of one seed", str(settings.out), "Choose another")
    runs = {seed: _of_seed(settings, seed) for seed in settings.seed_list}
    finished = {seed for seed, one in runs.items() if one.out.exists()}
    for seed in sorted(finished):
        facts = read_run(runs[seed].out, "train")
        check_unchanged(runs[seed].out, facts, runs[seed])
        check_data(runs[seed].out, facts, settings.data_dir)
    for seed, one in runs.items():
        if seed not in finished:
            train(one, lambda line, seed=seed: on_log({"seed": seed, **line}))  # type: ignore[misc]
    scores = {seed: read_record(one.out / SCORES) for seed, one in runs.items()}
    numbers = [name for name in next(iter(scores.values())) if name != "epoch"]
    spreads = {}
    for name in numbers:
        spreads[name] = spread([one[name] for one in scores.values()])
    summary = SeedRuns(spreads, scores)
    with atomic_write(settings.out / SCORES) as file:
        file.write(json.dumps(summary.as_json(), indent=2) + "\n")
    write_cards(settings.out)
    return summary


def _of_seed(settings: TrainSettings, seed: int) -> TrainSettings:
    out = seed_folder(settings.out, seed)
    one = settings.model_copy(update={"seeds": None, "seed": seed, "out": out})
    return continued(one) if settings.resume else one
