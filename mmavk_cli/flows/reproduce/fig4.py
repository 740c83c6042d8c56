"""Figure 4: one `word` model a seed, trained with all knowledge, scored at every threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mmavk_cli.base.records import Json
from mmavk_cli.flows.reproduce.cells import Cell, Unfinished, check_cells, exit_code, make_cell, notes, run_cells
from mmavk_cli.flows.reproduce.output import write_output
from mmavk_cli.flows.reproduce.settings import Reproduced, ReproduceSettings
from mmavk_cli.flows.shared.datasets import gold_posts
from mmavk_cli.flows.shared.evaluated_run import read_evaluated_run
from mmavk_cli.flows.shared.knowledge.attach import Wanted, scored_knowledge
from mmavk_cli.flows.shared.knowledge.similarity import similarity_of
from mmavk_cli.flows.shared.models import scorer_folder
from mmavk_cli.flows.shared.progress import Log
from mmavk_cli.flows.shared.seeds import seed_folder
from mmavk_cli.flows.shared.thresholds import CLIP, TEXT, gated_by
from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.seeds import seed_scores
from mmavk_cli.report.metrics.significance import ResamplingSettings
from mmavk_cli.report.paper.fig4 import Sweep, swept
from mmavk_cli.report.plots import check_plots, plot_sweeps
from mmavk_cli.report.table_section import Section
from mmavk_cli.similarity.gate import NONE

ROW = "word"
EVERY, BLANK = "eval-all", "eval-none"
SCORED: dict[str, Json] = {EVERY: {}, BLANK: {"pairing": "blank"}}
"""Scored twice, with all knowledge and with none; each threshold takes its posts from the one or the other."""


def reproduce_fig4(settings: ReproduceSettings, on_log: Log) -> Reproduced:
    """Train and score what is not finished, then put the curve together; writes GRID/fig4.png and .svg too.

    Raises:
        UsageError, DataError: as `reproduce`. MissingError: matplotlib is not there.
    """
    check_plots()
    cells = [_cell(settings, name, seed) for name in dict.fromkeys(settings.dataset) for seed in settings.all_seeds]
    check_cells(cells)
    unfinished = run_cells(cells, on_log, lambda _unfinished: None, settings.traceback)
    sweeps, sections = [], []
    for dataset in dict.fromkeys(settings.dataset):
        own = [cell for cell in cells if cell.dataset == dataset]
        if any(cell.finished for cell in own):
            sweeps.append(_sweep(settings, own, unfinished))
            sections.append(sweeps[-1].section())
        else:
            sections.append(Section(f"{settings.experiment} on {dataset}", ("",), (), tuple(notes(own, unfinished))))
    found = write_output(settings, sections, [one.as_json() for one in sweeps], exit_code(unfinished))
    plots = plot_sweeps(sweeps, settings.grid / settings.experiment) if sweeps else ()
    return replace(found, files=(*found.files, *plots))


def _cell(settings: ReproduceSettings, dataset: str, seed: int) -> Cell:
    folder = seed_folder(settings.grid / settings.experiment / dataset / ROW, seed)
    return make_cell(settings, (dataset, ROW, seed), folder, {"fusion": "word", "threshold": NONE}, SCORED)


def _sweep(settings: ReproduceSettings, cells: Sequence[Cell], unfinished: Mapping[Path, Unfinished]) -> Sweep:
    done = [cell for cell in cells if cell.finished]
    every, none = (_counts(done, name) for name in SCORED)
    similarities, scorer = _similarities(settings, done[0])
    thresholds = settings.tried(by_text=scorer == TEXT)
    drawn = ResamplingSettings()
    return Sweep(
        done[0].dataset,
        scorer,
        settings.encoder,
        settings.knowledge or "",
        tuple(every),
        swept(every, none, similarities, thresholds),
        seed_scores(every, drawn),
        seed_scores(none, drawn),
        tuple(notes(cells, unfinished)),
    )


def _counts(cells: Sequence[Cell], name: str) -> dict[int, list[Count]]:
    return {cell.seed: read_evaluated_run(cell.folder / name).counts for cell in cells}


def _similarities(settings: ReproduceSettings, cell: Cell) -> tuple[list[float | None], str]:
    """How related each post of the test split and its knowledge are, and what says so."""
    from mmavk_cli.similarity.text_scorer import TextScorer

    wanted = Wanted(scorer=settings.scorer, needs_scores=True)
    found = scored_knowledge(settings, cell.dataset, gold_posts(cell.dataset, "test", settings), wanted)
    scorers = {one.scorer for one in found if one}
    name = TEXT if scorers <= {TextScorer.load(scorer_folder()).id} else CLIP
    return gated_by(found, [similarity_of(one) for one in found]), name
