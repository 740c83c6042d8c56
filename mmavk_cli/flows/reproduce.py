"""reproduce: a table or figure of the paper → a grid of runs, and our numbers beside the published ones."""

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from mmavk_cli.base.settings import Common, setting
from mmavk_cli.flows.knowledge import KnowledgeChoice
from mmavk_cli.flows.seeds import SeedChoice
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings

Experiment = Literal["table3", "table4"]

CHOSEN = {"table3": ("fusion", "threshold"), "table4": ("fusion",)}
"""What an experiment sets itself."""


class ReproduceSettings(SeedChoice, TrainingSettings, PieceSettings, KnowledgeChoice, Common):
    """What `mmavk reproduce` asks: the experiment, and what `mmavk train` is told in every cell."""

    experiment: Experiment = setting(..., "What to reproduce: table3 or table4.", argument=True)
    dataset: list[str] = setting(..., "Data set; give it again for several.")
    only: str | None = setting(None, "Rows to run, `text,concat`; the others are shown as far as they are there.")
    format: Literal["table", "json"] = setting("table", "How to print it.")
    out: Path | None = setting(None, "Folder of the grid: one run folder a cell, and the table.")

    @model_validator(mode="after")
    def _fits_the_experiment(self) -> Self:
        if self.out is None:
            raise ValueError(f"--out: {self.experiment} needs a folder for its runs")
        for name in CHOSEN[self.experiment]:
            if name in self.model_fields_set:
                raise ValueError(f"--{name}: {self.experiment} sets it")
        if self.experiment != "table3" and self.knowledge is None:
            raise ValueError(f"--knowledge: {self.experiment} needs it")
        return self

    @property
    def all_seeds(self) -> tuple[int, ...]:
        """The seeds of every cell."""
        return self.seed_list or (self.seed,)
