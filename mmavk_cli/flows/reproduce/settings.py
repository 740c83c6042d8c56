"""Options of `mmavk reproduce`, and what it gives back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import Common, flags_of, setting
from mmavk_cli.flows.shared.knowledge.attach import KnowledgeChoice
from mmavk_cli.flows.shared.options import DATASET, OUT, Printed
from mmavk_cli.flows.shared.seeds import SeedChoice
from mmavk_cli.flows.shared.thresholds import Thresholds
from mmavk_cli.report.table_section import Section
from mmavk_cli.similarity.gate import GateSettings
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings

Experiment = Literal["table1", "table3", "table4", "fig4"]

GATE = tuple(GateSettings.model_fields)
CHOSEN: dict[Experiment, tuple[str, ...]] = {
    "table1": (),
    "table3": ("fusion", *GATE),
    "table4": ("fusion",),
    "fig4": ("fusion", *GATE),
}
"""What an experiment sets itself."""


class ReproduceSettings(Printed, Thresholds, SeedChoice, TrainingSettings, PieceSettings, KnowledgeChoice, Common):
    """Options of `mmavk reproduce`: the experiment, and what `mmavk train` is told in every cell."""

    experiment: Experiment = setting(..., "Table or figure of the paper.", argument=True, metavar="WHAT")
    dataset: list[str] = setting(..., DATASET, here="Give it again for several.", metavar="NAME")
    only: str | None = setting(None, "Rows to run, `text,concat`; the others are shown if they are finished.")
    out: Path | None = setting(None, OUT, here="folder with a run folder for each cell, and the table.")

    @model_validator(mode="after")
    def _fits_the_experiment(self) -> Self:
        if self.experiment == "table1":
            return self
        if self.out is None:
            raise ValueError(f"--out: {self.experiment} needs a folder for its runs")
        for name in CHOSEN[self.experiment]:
            if name in self.model_fields_set:
                flag = flags_of(name, type(self).model_fields[name])[0]
                raise ValueError(f"{flag}: {self.experiment} sets it")
        if self.experiment != "table3" and self.knowledge is None:
            raise ValueError(f"--knowledge: {self.experiment} needs it")
        return self

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seeds of every cell."""
        return self.seed_list or (self.seed,)

    @property
    def grid(self) -> Path:
        """The folder of the grid.

        Raises:
            UsageError: none was given.
        """
        if self.out is None:
            raise UsageError("no folder for the runs", "--out", "Name one")
        return self.out


@dataclass(frozen=True, slots=True)
class Reproduced:
    """What came out, for people (`sections`) and for programs; `files` were written.

    `code` is 0, or the exit code of the first cell that failed.
    """

    sections: tuple[Section, ...]
    content: Json
    files: tuple[Path, ...] = ()
    code: int = 0
