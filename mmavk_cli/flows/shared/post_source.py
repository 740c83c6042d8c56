"""Whose posts and pictures a command goes through."""

from pathlib import Path
from typing import Self

from pydantic import model_validator

from mmavk_cli.base.settings import DataPlace, setting
from mmavk_cli.corpus.formats.options import InputOptions
from mmavk_cli.flows.shared.options import DATASET, INPUT


class PostSource(DataPlace, InputOptions):
    """A data set, a file or folder of posts, or a folder of pictures (`--images` alone); exactly one of them."""

    dataset: str | None = setting(None, DATASET, metavar="NAME")
    input: str | None = setting(None, INPUT, "--input")

    @property
    def input_path(self) -> Path | None:
        """The file or folder of `--input`."""
        return None if self.input is None else Path(self.input)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.dataset is not None and self.input is not None:
            raise ValueError("--input: --dataset is given too; give one of them")
        if self.input is not None and self.images is not None:
            raise ValueError("--images: the posts of --input name their own pictures")
        if self.dataset is None and self.input is None and self.images is None:
            raise ValueError("no posts and no pictures: give --dataset, --images or --input")
        return self
