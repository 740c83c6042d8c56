"""Tables 3 and 4: rows × data sets × seeds → cells, and the cells' scores → one table a data set."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import Json
from mmavk_cli.flows.reproduce.cells import Cell, Unfinished, check_cells, exit_code, make_cell, notes, run_cells
from mmavk_cli.flows.reproduce.output import write_output
from mmavk_cli.flows.reproduce.settings import Reproduced, ReproduceSettings
from mmavk_cli.flows.shared.evaluated_run import read_evaluated_run
from mmavk_cli.flows.shared.progress import Log
from mmavk_cli.flows.shared.seeds import seed_folder
from mmavk_cli.report.paper.published import published_scores
from mmavk_cli.report.paper.tables_3_and_4 import Results, System, results
from mmavk_cli.report.plots import can_plot, plot_results
from mmavk_cli.store.store import Store
from mmavk_cli.tagger.fusions.registry import FUSIONS

EVAL = "eval"

TABLE_4 = {"T+I": "prefix", "T-only": "text", "concat": "concat", "word": "word"}
"""Rows of Table 4, as the paper calls them, and their fusion."""

KNOWLEDGE = {"PGIM": "pgim", "own": "qwen2vl", "blip2": "blip2"}
"""Rows of Table 3 and one more, and the name their knowledge has in the store."""

NOT_OURS = {
    "MoRe-Text": "not run: knowledge retrieved from Wikipedia, which mmavk cannot make",
    "MoRe-Image": "not run: knowledge retrieved from Wikipedia, which mmavk cannot make",
}
"""Rows of the paper that cannot be made here."""


def reproduce_grid(settings: ReproduceSettings, on_log: Log) -> Reproduced:
    """Run the cells that are asked for and not finished, and put all that are there into a table.

    GRID/TABLE.md and GRID/TABLE.json are written anew after every cell.

    Raises:
        UsageError: a finished cell was made with other settings. DataError: with other data, or no such data set.
    """
    grid = _Grid(settings)
    cells = grid.cells()
    check_cells(cells)
    asked = [cell for cell in cells if cell.dataset in settings.dataset and cell.row in grid.chosen]

    def write(unfinished: Mapping[Path, Unfinished]) -> Reproduced:
        tables = grid.tables(cells, unfinished)
        sections = [table.section() for table in tables]
        content = [table.as_json() for table in tables]
        return write_output(settings, sections, content, exit_code(unfinished))

    unfinished = run_cells(asked, on_log, write, settings.traceback)
    found = write(unfinished)
    there = [table for table in grid.tables(cells, unfinished) if _has_scores(table)]
    plots = plot_results(there, settings.grid / settings.experiment) if there and can_plot() else ()
    return replace(found, files=(*found.files, *plots))


def _has_scores(table: Results) -> bool:
    return any(row.scores for row in table.rows)


class _Grid:
    def __init__(self, settings: ReproduceSettings) -> None:
        self.settings = settings
        self.folder = settings.grid / settings.experiment
        self.rows = self._rows()
        self.chosen = self._chosen()

    def _rows(self) -> dict[str, str]:
        """Row → its folder: the fusion of Table 4, the knowledge's name of Table 3."""
        if self.settings.experiment == "table4":
            return dict(TABLE_4)
        if self.settings.knowledge:
            names = [name.strip() for name in self.settings.knowledge.split(",")]
        else:
            with Store(store_folder(self.settings.store), read_only=True) as store:
                names = [name for name in KNOWLEDGE.values() if name in store.names()]
        names += [path.name for path in sorted(self.folder.glob("*/*")) if path.is_dir()]
        shown = {name: row for row, name in KNOWLEDGE.items()}
        return {shown.get(name, name): name for name in names}

    def _chosen(self) -> set[str]:
        """The rows to run.

        Raises:
            UsageError: `--only` names a row that is not there.
        """
        if self.settings.only is None:
            return set(self.rows)
        wanted = {name.strip() for name in self.settings.only.split(",")}
        known = {**self.rows, **{folder: folder for folder in self.rows.values()}}
        if strange := wanted - known.keys():
            there = ", ".join(self.rows.values())
            raise UsageError(f"no row {min(strange)!r} in {self.settings.experiment}", "--only", f"There is: {there}")
        return {row for row, folder in self.rows.items() if {row, folder} & wanted}

    def cells(self) -> list[Cell]:
        """All cells of the data sets asked for, and of those that are there, seed by seed."""
        there = [path.name for path in sorted(self.folder.glob("*")) if path.is_dir()]
        datasets = dict.fromkeys((*self.settings.dataset, *there))
        return [
            self._cell(dataset, row, seed)
            for dataset in datasets
            for seed in self.settings.all_seeds
            for row in self.rows
        ]

    def _cell(self, dataset: str, row: str, seed: int) -> Cell:
        folder = seed_folder(self.folder / dataset / self.rows[row], seed)
        changed: Json = {"seed": seed}
        if self.settings.experiment == "table4":
            changed["fusion"] = self.rows[row]
            if "knowledge" not in FUSIONS[changed["fusion"]].reads:
                changed["knowledge"] = None
        else:
            changed |= {"fusion": "word", "knowledge": self.rows[row], "threshold": "none"}
        return make_cell(self.settings, (dataset, row, seed), folder, changed, {EVAL: {}})

    def tables(self, cells: Sequence[Cell], unfinished: Mapping[Path, Unfinished]) -> tuple[Results, ...]:
        """One table a data set, of the cells that are finished."""
        datasets = dict.fromkeys(cell.dataset for cell in cells)
        return tuple(
            self._table(dataset, [cell for cell in cells if cell.dataset == dataset], unfinished)
            for dataset in datasets
        )

    def _table(self, dataset: str, cells: Sequence[Cell], unfinished: Mapping[Path, Unfinished]) -> Results:
        published = published_scores(self.settings.experiment, dataset)
        systems = []
        for row in dict.fromkeys((*published.rows, *self.rows)):
            own = [cell for cell in cells if cell.row == row]
            absent = () if own else (NOT_OURS.get(row, "not run: no such knowledge in the store"),)
            counts = {cell.seed: read_evaluated_run(cell.folder / EVAL).counts for cell in own if cell.finished}
            systems.append(System(row, counts, tuple(notes(own, unfinished)) or absent))
        seeds = self.settings.all_seeds
        return results(self.settings.experiment, dataset, self.settings.encoder, seeds, systems, published)
