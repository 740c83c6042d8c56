"""A model by its name: `embedded`, a run folder or a model folder."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import mmavk_cli
from mmavk_cli.base.device import resolve_device
from mmavk_cli.base.digest import canonical, digest, digest_file
from mmavk_cli.base.errors import MissingError
from mmavk_cli.similarity.gate import Gate
from mmavk_cli.tagger.checkpoint import CONFIG, HEAD, ONNX, TaggerConfig, model_folder
from mmavk_cli.tagger.encoders.registry import ENCODERS

if TYPE_CHECKING:
    from mmavk_cli.tagger.inference.predictor import Predictor

EMBEDDED = "embedded"
WEIGHTS = {".safetensors", ".onnx"}


def folder_of(name: str) -> Path:
    """The folder with a model's files."""
    return Path(mmavk_cli.__file__).parent / EMBEDDED if name == EMBEDDED else model_folder(Path(name))


def scorer_folder() -> Path:
    """The folder of the text scorer, which ships with the embedded tagger."""
    return folder_of(EMBEDDED)


def shown_name(name: str, config: TaggerConfig) -> str:
    """What records call the model `name`: its own name or its folder's, and the version of mmavk."""
    return f"{config.name or Path(name).name}@{mmavk_cli.__version__}"


def weights_id(folder: Path) -> str:
    """What tells the weights in a model's folder from others: the head's bytes, and the name and size of each file."""
    files = (path for path in folder.rglob("*") if path.suffix in WEIGHTS)
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
    return digest(canonical([digest_file(folder / HEAD), sizes]))


def own_gate(name: str, config: TaggerConfig) -> Gate:
    """The gate that the model `name` was trained with.

    Raises:
        MissingError: what its checkpoint says of it is none.
    """
    try:
        if all(value is None or isinstance(value, int | float) for value in config.gate.values()):
            return Gate(**config.gate)
    except (TypeError, AttributeError):
        pass
    where = str(folder_of(name) / CONFIG)
    raise MissingError(f"the checkpoint is broken: its gate is {config.gate}", where, "Train or export it again")


def open_model(name: str, threads: int = 0, device: str = "auto") -> "tuple[Predictor, TaggerConfig]":
    """A predictor for the model `name`: ONNX Runtime on the processor where it was exported, else torch on `device`.

    Raises:
        MissingError: there is no such model or device, or a file of the model is broken.
    """
    folder = folder_of(name)
    if (folder / ONNX).is_file():
        # NumPy reads it when it is first imported. Its threads gain nothing on matrices as small as a post's, and on a
        # machine that does other work they wait for each other: 250 posts/s become 18.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from mmavk_cli.tagger.inference.onnx_model import load_runtime

        return load_runtime(folder, threads)
    TaggerConfig.read(folder)  # a folder without a model is told before torch takes its seconds
    from mmavk_cli.tagger.inference.predictor import Predictor
    from mmavk_cli.tagger.inference.torch_model import TorchModel, load_model

    network, config = load_model(folder)
    network.to(resolve_device(device))
    cutter = ENCODERS[config.encoder_kind]().cutter(folder, config.pieces)
    return Predictor(TorchModel(network), cutter, config), config
