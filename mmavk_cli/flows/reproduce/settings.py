"""What `mmavk reproduce` asks, and what it gives back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import field_validator, model_validator

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import Common, Settings, flags_of, setting
from mmavk_cli.flows.shared.knowledge.attach import KnowledgeChoice
from mmavk_cli.flows.shared.options import DATASET, OUT, Printed
from mmavk_cli.flows.shared.seeds import SeedChoice
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

STEPS = 200
"""Most thresholds of a sweep."""


CLIP_RANGE, TEXT_RANGE = "0.25:0.40:0.01", "0:0.75:0.05"
"""Thresholds of the paper, for CLIP's similarities, and as many for the text scorer's, whose range is wider."""


class Thresholds(Settings):
    """Which thresholds Figure 4 is drawn of."""

    thresholds: str | None = setting(
        None,
        f"Thresholds of Figure 4, FIRST:LAST:STEP. [default: the paper's {CLIP_RANGE}; with the text scorer "
        f"{TEXT_RANGE}]",
    )

    @field_validator("thresholds")
    @classmethod
    def _is_range(cls, value: str | None) -> str | None:
        if value is not None:
            threshold_range(value)
        return value

    def tried(self, *, by_text: bool) -> tuple[float, ...]:
        """The thresholds, those that suit the scorer where none were asked for."""
        return threshold_range(self.thresholds or (TEXT_RANGE if by_text else CLIP_RANGE))


class ReproduceSettings(Printed, Thresholds, SeedChoice, TrainingSettings, PieceSettings, KnowledgeChoice, Common):
    """What `mmavk reproduce` asks: the experiment, and what `mmavk train` is told in every cell."""

    experiment: Experiment = setting(..., "What of the paper.", argument=True, metavar="WHAT")
    dataset: list[str] = setting(..., DATASET, here="Give it again for several.", metavar="NAME")
    only: str | None = setting(None, "Rows to run, `text,concat`; the others are shown as far as they are there.")
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


def threshold_range(text: str) -> tuple[float, ...]:
    """`0.25:0.40:0.01` → 0.25, 0.26, … 0.40, without the errors of adding up.

    Raises:
        ValueError: it is no such range.
    """
    try:
        first, last, step = map(float, text.split(":"))
        many = int((last - first) / step + 1e-6) + 1
    except (ValueError, ZeroDivisionError, OverflowError):
        many = 0
    if not 1 <= many <= STEPS:
        raise ValueError(f"{text!r} is no range FIRST:LAST:STEP of at most {STEPS} thresholds, such as 0.25:0.40:0.01")
    return tuple(round(first + number * step, 6) for number in range(many))
