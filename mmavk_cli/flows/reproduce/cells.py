"""The cells of a grid: one training and its scores each, in folders of their own, never done twice."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.device import empty_cache
from mmavk_cli.base.errors import MmavkError
from mmavk_cli.base.lock import locked
from mmavk_cli.base.records import Json
from mmavk_cli.base.run_record import read_run
from mmavk_cli.base.settings import Settings
from mmavk_cli.flows.evaluate.evaluate import EvalSettings, evaluate
from mmavk_cli.flows.reproduce.settings import ReproduceSettings
from mmavk_cli.flows.shared.knowledge.attach import KnowledgeChoice
from mmavk_cli.flows.shared.progress import Log
from mmavk_cli.flows.shared.seeds import check_data, check_unchanged
from mmavk_cli.flows.train.corpus import read_corpus
from mmavk_cli.flows.train.resume import continued
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.flows.train.train import train
from mmavk_cli.report.metrics.seeds import seeds_text
from mmavk_cli.similarity.gate import GateSettings
from mmavk_cli.tagger.fusions.registry import FUSIONS

TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Cell:
    """One seed of one row on one data set.

    Attributes:
        folder: GRID/table4/twitter2017/word/seed-1.
        training: what `mmavk train` is asked in it; its run is in `train/`.
        scoring: folder name → what `mmavk eval` is asked.
    """

    dataset: str
    row: str
    seed: int
    folder: Path
    training: TrainSettings
    scoring: Mapping[str, EvalSettings]

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.dataset} {self.row} seed {self.seed}"

    @property
    def finished(self) -> bool:
        """Trained and scored."""
        return all((self.folder / name / "run.json").is_file() for name in (TRAIN, *self.scoring))


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Why a cell has no scores: a sentence, and the exit code (0: another process is at it)."""

    reason: str
    code: int


def make_cell(
    settings: ReproduceSettings, name: tuple[str, str, int], folder: Path, changed: Json, scoring: Mapping[str, Json]
) -> Cell:
    """The cell `name` (data set, row, seed): what the grid is told, with `changed`, goes to training and scoring.

    `scoring`: folder name → what else `mmavk eval` is told; the gate is the model's own.

    Args:
        settings: the options of the grid.
        name: data set, row and seed.
        folder: of the cell.
        changed: settings in which the cell differs from the grid.
        scoring: folder name → what else `mmavk eval` is given.
    """
    dataset, row, seed = name
    asked = {field: getattr(settings, field) for field in type(settings).model_fields} | changed | {"seed": seed}
    asked["freeze_knowledge"] = asked["freeze_knowledge"] and FUSIONS[asked["fusion"]].can_freeze
    training = {field: asked[field] for field in TrainSettings.model_fields.keys() & asked.keys() - {"seeds", "config"}}
    training |= {"dataset": [dataset], "out": folder / TRAIN}
    scored = {field: asked[field] for field in KnowledgeChoice.model_fields.keys() - GateSettings.model_fields.keys()}
    scored |= {"dataset": dataset, "model": str(folder / TRAIN)}
    evals = {one: EvalSettings(**(scored | {"out": folder / one} | more)) for one, more in scoring.items()}
    return Cell(dataset, row, seed, folder, TrainSettings.gather(training), evals)


def check_cells(cells: Sequence[Cell]) -> None:
    """What is there was made with the settings and the data that are asked for now.

    Raises:
        UsageError: a setting differs. DataError: a file differs, or a run is broken.
    """
    for cell in cells:
        runs: dict[str, tuple[str, Settings]] = {TRAIN: ("train", cell.training)}
        runs |= {name: ("eval", one) for name, one in cell.scoring.items()}
        for name, (command, settings) in runs.items():
            if (cell.folder / name / "run.json").is_file():
                facts = read_run(cell.folder / name, command)
                check_unchanged(cell.folder / name, facts, settings, {"model"})
                check_data(cell.folder / name, facts, cell.training.data_dir)


def run_cells(
    cells: Sequence[Cell], on_log: Log, done: Callable[[dict[Path, Unfinished]], object], traceback: bool
) -> dict[Path, Unfinished]:
    """Train and score what is not finished. A cell that fails stops no other.

    Returns why cells are not finished, by folder; after each cell that was run `done` gets what there is of it. With
    `traceback` the first fault of any kind is raised.

    Args:
        cells: of the grid, finished or not.
        on_log: is called with a cell's name and each log line.
        done: is called after each cell with what is unfinished.
        traceback: raise the first error of any kind.
    """
    unfinished: dict[Path, Unfinished] = {}
    for cell in cells:
        if cell.finished:
            continue
        try:
            reason = _run(cell, on_log)
        except MmavkError as error:
            if traceback:
                raise
            reason = Unfinished(str(error), error.code)
        except Exception as error:
            if traceback:
                raise
            reason = Unfinished(f"internal error, {type(error).__name__}: {error}", MmavkError.code)
        if reason:
            on_log({"cell": cell.name, "not finished": reason.reason})
            unfinished[cell.folder] = reason
        empty_cache()
        done(unfinished)
    return unfinished


def notes(cells: Sequence[Cell], unfinished: Mapping[Path, Unfinished]) -> Iterator[str]:
    """Why seeds are missing: each reason once, with the seeds it holds for."""
    missing: dict[str, list[int]] = {}
    for cell in cells:
        if not cell.finished:
            reason = unfinished[cell.folder].reason if cell.folder in unfinished else "not run"
            missing.setdefault(reason, []).append(cell.seed)
    for reason, seeds in missing.items():
        yield f"{seeds_text(seeds)}: {reason}"


def exit_code(unfinished: Mapping[Path, Unfinished]) -> int:
    """That of the first cell that failed, else 0."""
    return next((one.code for one in unfinished.values() if one.code), 0)


def _run(cell: Cell, on_log: Log) -> Unfinished | None:
    with locked(cell.folder / "lock") as holder:
        if holder:
            return Unfinished(f"being run by {holder}", 0)
        check_cells([cell])  # another process may have run it since
        if not (cell.folder / TRAIN / "run.json").is_file():
            read_corpus(cell.training)  # a row without its data or knowledge is no training
            on_log({"cell": cell.name, "training": cell.training.encoder})
            train(continued(cell.training), lambda line: on_log({"cell": cell.name, **line}))
        for name, settings in cell.scoring.items():
            if not (cell.folder / name / "run.json").is_file():
                overall = evaluate(settings).scores.strict["overall"]
                on_log({"cell": cell.name, name: settings.split, "f1": overall.f1})
    return None
