"""Table 1: entities and tweets of each split under every counting rule, beside the published ones."""

from mmavk_cli.base.paths import SPLITS, dataset_folder
from mmavk_cli.corpus.dataset import load_split
from mmavk_cli.corpus.statistics import Survey, survey
from mmavk_cli.flows.reproduce.output import write_output
from mmavk_cli.flows.reproduce.settings import Reproduced, ReproduceSettings
from mmavk_cli.report.paper.published import published_counts
from mmavk_cli.report.paper.table1 import Number, Table1


def reproduce_table1(settings: ReproduceSettings) -> Reproduced:
    """Count the data sets.

    Raises:
        DataError: no such data set, a split is missing, or a row cannot be read.
    """
    tables = [table1(settings, dataset) for dataset in dict.fromkeys(settings.dataset)]
    sections = [table.section() for table in tables]
    return write_output(settings, sections, [table.as_json() for table in tables])


def table1(settings: ReproduceSettings, dataset: str) -> Table1:
    """The counts of one data set."""
    folder, published = dataset_folder(dataset, settings.data_dir), published_counts(dataset)
    numbers: list[Number] = []
    notes = []
    for split in SPLITS:
        counted = survey(load_split(folder, split))
        paper = published.splits.get(split)
        for kind in (*counted.types(), "total", "tweets"):
            printed = None
            if paper is not None:
                printed = paper.tweets if kind == "tweets" else paper.entities.get(kind)
            numbers.append(Number(split, kind, printed, *_counts(counted, kind)))
        if paper and paper.note:
            notes.append(f"{split}: {paper.note}")
    return Table1(dataset, published.source if published.splits else "", tuple(numbers), tuple(notes))


def _counts(counted: Survey, kind: str) -> tuple[int, int, int]:
    if kind == "tweets":
        return (counted.tweets,) * 3
    if kind == "total":
        return counted.strict.total(), counted.lenient.total(), counted.adaseq.total()
    return counted.strict[kind], counted.lenient[kind], counted.adaseq[kind]
