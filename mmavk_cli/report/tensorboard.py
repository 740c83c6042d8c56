"""The numbers of a training as curves, for TensorBoard."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import MissingError, install
from mmavk_cli.base.records import Json


class Curves:
    """Writes every number of a log line as a point at its `step`, into the folder `tensorboard` of a run.

    With `after` what an interrupted run wrote beyond that step is hidden.

    Raises:
        MissingError: the package `tensorboard` is not installed.
    """

    def __init__(self, run: Path, after: int | None = None) -> None:
        check()
        from torch.utils.tensorboard import SummaryWriter

        purge = None if after is None else after + 1
        self.writer: Any = SummaryWriter(str(run / "tensorboard"), purge_step=purge)

    def add(self, line: Json) -> None:
        """Add a log line."""
        for name, value in line.items():
            if name not in ("step", "epoch") and isinstance(value, int | float):
                self.writer.add_scalar(name, value, line["step"])
        self.writer.flush()

    def close(self) -> None:
        """Write what is left."""
        self.writer.close()


def check() -> None:
    """See that the package is there.

    Raises:
        MissingError: it is not.
    """
    if find_spec("tensorboard") is None:
        raise MissingError("the package tensorboard is not installed", "--tensorboard", install("train"))
