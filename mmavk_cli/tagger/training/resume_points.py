"""Points that an interrupted training continues from: safetensors and JSON, never pickle."""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_file, save_model
from torch import Tensor, nn

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Json

NAME = re.compile(r"point-(\d+)")
STATE, MEMO, OPTIMIZER, RANDOM = "state.json", "memo.json", "optimizer.safetensors", "random.safetensors"


def last_point(folder: Path) -> Path | None:
    """The newest point under `folder`; None where there is none."""
    found = [path for path in folder.glob("point-*") if NAME.fullmatch(path.name)]
    return max(found, key=lambda path: int(path.name.partition("-")[2]), default=None)


def read_record(point: Path, name: str) -> Json:
    """What a point says beside its tensors.

    Raises:
        DataError: the file is absent or broken.
    """
    try:
        record: Json = json.loads((point / name).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _broken(point / name, error) from error
    return record


@dataclass(slots=True)
class Points:
    """Where a training keeps them.

    Attributes:
        folder: the unfinished run.
        start: the point to continue from; None: from the beginning.
        memo: what the caller wants to find again (the best epoch, how long its log was); written with each point.
    """

    folder: Path
    start: Path | None = None
    memo: Json = field(default_factory=dict)

    @property
    def step(self) -> int:
        """The update it continues behind; 0 from the beginning."""
        return int(self.start.name.partition("-")[2]) if self.start else 0

    def write(
        self,
        step: int,
        modules: Mapping[str, nn.Module],
        tensors: Mapping[str, Mapping[str, Tensor]],
        records: Mapping[str, Json],
    ) -> None:
        """Write a point and drop those before it. It gets its name when it is whole.

        Args:
            step: updates done.
            modules: their weights, by file name.
            tensors: by file name.
            records: JSON objects, by file name.

        Raises:
            DataError: the disk is full or the folder cannot be written.
        """
        point = self.folder / f"point-{step}"
        part = point.with_name(f"{point.name}.part")
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            for name, module in modules.items():
                save_model(module, str(part / f"{name}.safetensors"))
            for name, content in tensors.items():
                save_file({key: tensor.contiguous() for key, tensor in content.items()}, part / name)
            for name, record in {**records, MEMO: self.memo}.items():
                (part / name).write_text(json.dumps(record), "utf-8")
            part.replace(point)
        except (OSError, SafetensorError) as error:
            raise DataError(f"cannot write a resume checkpoint: {error}", str(part), "Make room there") from error
        for other in self.folder.glob("point-*"):
            if other != point:
                shutil.rmtree(other, ignore_errors=True)

    def remove(self) -> None:
        """Drop all points: the training is over."""
        for point in self.folder.glob("point-*"):
            shutil.rmtree(point, ignore_errors=True)


def load_weights(module: nn.Module, point: Path, name: str) -> None:
    """Put the weights of a point into `module`.

    Raises:
        DataError: the file is absent, cut, or of another shape.
    """
    path = point / f"{name}.safetensors"
    try:
        load_model(module, str(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise _broken(path, error) from error


def load_tensors(point: Path, name: str) -> dict[str, Tensor]:
    """The tensors of one file of a point.

    Raises:
        DataError: the file is absent or cut.
    """
    try:
        return load_file(point / name)
    except (OSError, SafetensorError) as error:
        raise _broken(point / name, error) from error


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments and counts of an optimizer, as `index.name`."""
    states = optimizer.state_dict()["state"]
    return {f"{index}.{name}": tensor for index, state in states.items() for name, tensor in state.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], rates: list[float]) -> None:
    """Give an optimizer those moments and each of its groups its learning rate."""
    whole = optimizer.state_dict()
    states: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, _, name = key.partition(".")
        states.setdefault(int(index), {})[name] = tensor
    for group, rate in zip(whole["param_groups"], rates, strict=True):
        group["lr"] = rate
    optimizer.load_state_dict({**whole, "state": states})


def random_state() -> dict[str, Tensor]:
    """The state of torch's random number generators, on the CPU and on this process's GPU."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def restore_random(states: Mapping[str, Tensor]) -> None:
    """Set torch's random number generators to `states`."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


def _broken(path: Path, error: Exception) -> DataError:
    return DataError(f"the resume checkpoint is broken: {error}", str(path), "Train again without --resume")
