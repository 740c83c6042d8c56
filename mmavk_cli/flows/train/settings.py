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
        if self.freeze_knowledge and self.fusion != "word":
            raise ValueError(f"--freeze-knowledge: only --fusion word has knowledge vectors, not {self.fusion}")
        if self.threshold == LEARNED and self.fusion != "word":
            raise ValueError(f"--threshold: only --fusion word can learn how much knowledge counts, not {self.fusion}")
        if self.found_by_training and self.knowledge is None and self.fusion != "prefix":
            raise ValueError(f"--threshold: {self.threshold} needs --knowledge")
        if self.require_knowledge and self.knowledge is None and self.fusion != "prefix":
            raise ValueError("--require-knowledge: it needs --knowledge")
        return self

    @classmethod
    def recipe_file(cls, name: str) -> Path:
        """A recipe that ships with mmavk, by name, or a TOML file.

        Raises:
            UsageError: there is no such recipe.
        """
        return recipe_file(name)
