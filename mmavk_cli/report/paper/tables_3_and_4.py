"""A table of results: our scores over seeds beside the published ones, and which gaps are more than chance."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from mmavk_cli.base.records import Json
from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.pairwise import Gap, gaps, sentence
from mmavk_cli.report.metrics.seeds import SeedScores, seed_scores, seeds_text, summed
from mmavk_cli.report.metrics.significance import ResamplingSettings
from mmavk_cli.report.paper.published import Percents, PublishedScores
from mmavk_cli.report.table_section import Section

HEAD = ("", "P", "R", "F1", "95 %", "paper P", "R", "F1")
ABSENT = "-"


@dataclass(frozen=True, slots=True)
class System:
    """A row before it is scored: what each seed found in each post, and why some seeds are not there."""

    name: str
    counts: Mapping[int, Sequence[Count]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One system. `scores` is None where no seed was run, `published` where the paper has no such row."""

    name: str
    seeds: tuple[int, ...]
    scores: SeedScores | None
    published: Percents | None
    notes: tuple[str, ...]

    def words(self) -> tuple[str, ...]:
        """The row under `HEAD`."""
        paper: tuple[str, ...] = (ABSENT,) * 3
        if self.published:
            paper = tuple(f"{one:.2f}" for one in self.published)
        if self.scores is None:
            return (self.name, *(ABSENT,) * 4, *paper)
        ours = (str(one) for one in (self.scores.precision, self.scores.recall, self.scores.f1))
        return (self.name, *ours, self.scores.ends(), *paper)


@dataclass(frozen=True, slots=True)
class Results:
    """One table of the paper on one data set: strict scores of the test split, in percent."""

    table: str
    dataset: str
    encoder: str
    source: str
    published_encoder: str
    posts: int
    gold: int
    seeds: tuple[int, ...]
    complete: bool
    rows: tuple[Row, ...]
    gaps: tuple[Gap, ...]

    def as_json(self) -> Json:
        """One JSON object."""
        content = asdict(self) | {"rule": "strict"}
        pairs = [{"first": one["first"], "second": one["second"], **one["gap"]} for one in content.pop("gaps")]
        return content | {"gaps": pairs}

    def section(self) -> Section:
        """The table for people; under it the encoders, what is missing, and the gaps."""
        remarks = [f"ours: encoder {self.encoder}; paper ({self.source}): {self.published_encoder}"]
        remarks += [f"{row.name}: {note}" for row in self.rows for note in row.notes]
        remarks += [sentence(gap) for gap in self.gaps]
        return Section(self._heading(), HEAD, tuple(row.words() for row in self.rows), tuple(remarks))

    def _heading(self) -> str:
        size = f", {self.posts} posts, {self.gold} names" if self.posts else ""
        return f"{self.table} on {self.dataset} test{size}, strict, {seeds_text(self.seeds)}"


def results(
    table: str,
    dataset: str,
    encoder: str,
    seeds: tuple[int, ...],
    systems: Sequence[System],
    published: PublishedScores,
) -> Results:
    """Score the systems and test every two of them, over the seeds that all of them have.

    Rows that only the paper has are kept, without numbers of ours.

    Args:
        table: `table3` or `table4`.
        dataset: name of the data set.
        encoder: name of the encoder.
        seeds: that were trained.
        systems: rows of the table.
        published: the paper's scores.
    """
    settings = ResamplingSettings()
    rows = []
    for system in systems:
        scores = seed_scores(system.counts, settings) if system.counts else None
        row = Row(system.name, tuple(system.counts), scores, published.rows.get(system.name), system.notes)
        rows.append(row)
    there = [system for system in systems if system.counts]
    common = set(seeds).intersection(*(system.counts for system in there))
    paired = [_summed(system, common) for system in there]
    names = [system.name for system in there]
    some = next(iter(there[0].counts.values())) if there else ()
    return Results(
        table,
        dataset,
        encoder,
        published.source,
        published.encoder,
        len(some),
        sum(one.right + one.missed for one in some),
        seeds,
        all(set(seeds) <= set(system.counts) for system in systems),
        tuple(rows),
        gaps(names, paired, settings) if there and common else (),
    )


def _summed(system: System, seeds: Collection[int]) -> list[Count]:
    return summed({seed: counts for seed, counts in system.counts.items() if seed in seeds})
