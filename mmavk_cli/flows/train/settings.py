"""Options of `mmavk train`."""

from pathlib import Path
from typing import Self

from pydantic import model_validator

from mmavk_cli.base.settings import Common, setting
from mmavk_cli.flows.shared.dataset_facts import TypedData
from mmavk_cli.flows.shared.knowledge.attach import KnowledgeChoice
from mmavk_cli.flows.shared.options import DATASET, OUT, Printed
from mmavk_cli.flows.shared.recipes import recipe_file
from mmavk_cli.flows.shared.seeds import SeedChoice
from mmavk_cli.similarity.gate import LEARNED
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings


class TrainSettings(Printed, SeedChoice, TrainingSettings, PieceSettings, KnowledgeChoice, TypedData, Common):
    """Options of `mmavk train`."""

    dataset: list[str] = setting(..., DATASET, here="Give it again to train on several.", metavar="NAME")
    recipe: str | None = setting(None, "Settings to start from: `mmavk` (the paper's), `embedded`, or a TOML file.")
    out: Path = setting(..., OUT, here="run folder with the model, its scores and its card.")
    resume: bool = setting(
        False, "Resume an interrupted training, to the same weights; the other options stay the same."
    )
    dry_run: bool = setting(False, "Count the data, estimate the memory and show all settings; do not train.")
    tensorboard: bool = setting(False, "Also write TensorBoard logs into the run folder.")
    require_knowledge: bool = setting(False, "Stop when a post has no knowledge.")

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        fusion = FUSIONS[self.fusion]
        if self.freeze_knowledge and not fusion.can_freeze:
            able = " or ".join(FUSIONS.having(lambda one: one.can_freeze))
            raise ValueError(f"--freeze-knowledge: only --fusion {able} has knowledge vectors, not {self.fusion}")
        if self.threshold == LEARNED and not fusion.learns_gate:
            able = " or ".join(FUSIONS.having(lambda one: one.learns_gate))
            what = f"only --fusion {able} can learn how much knowledge counts, not {self.fusion}"
            raise ValueError(f"--threshold: {what}")
        if self.knowledge is None and "image" not in fusion.reads:
            if self.found_by_training:
                raise ValueError(f"--threshold: {self.threshold} needs --knowledge")
            if self.require_knowledge:
                raise ValueError("--require-knowledge: it needs --knowledge")
        return self

    @property
    def reads_knowledge(self) -> bool:
        """Whether the fusion takes text about pictures."""
        return "knowledge" in FUSIONS[self.fusion].reads

    @classmethod
    def recipe_file(cls, name: str) -> Path:
        """A recipe that ships with mmavk, by name, or a TOML file.

        Raises:
            UsageError: there is no such recipe.
        """
        return recipe_file(name)
