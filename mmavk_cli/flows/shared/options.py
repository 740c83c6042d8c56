"""Options of several commands: what each means is written once."""

from typing import Literal

from mmavk_cli.base.settings import Settings, setting

Split = Literal["train", "valid", "test"]

DATASET = "Data set: a folder of this name in the data folder."
FORMAT = "How to print the result."
INPUT = "Posts: JSON, CSV or TSV, or a folder of texts and pictures."
KNOWLEDGE = "Knowledge in the store, by name or by the first digits of its id."
MODEL = "Tagger: a run folder or a model folder."
EMBEDDED_OR_SEEDS = "Or `embedded`, which ships with mmavk, or a folder with several seeds."
OUT = "Where to write:"
RUN_FOLDER = "Run folder."
RUN_FOLDERS = "Run folders."
SPLIT = "Split of the data set."


class Printed(Settings):
    """How a command prints its result."""

    format: Literal["table", "json"] = setting("table", FORMAT)


class RetryFailed(Settings):
    """Whether a command tries again what failed before."""

    retry_failed: bool = setting(False, "Retry what failed before.", "--retry-failed")
