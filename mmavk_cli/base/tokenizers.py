"""Loading a tokenizer: the tagger and the text scorer read the same file."""

from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import MissingError


def load_tokenizer(path: Path) -> Any:
    """The tokenizer of a `tokenizer.json`, made to work word by word (`own_way`).

    Raises:
        MissingError: the file is not there or is no tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        return own_way(Tokenizer.from_file(str(path)))
    except Exception as error:  # the library raises bare Exception
        raise MissingError(f"cannot load the tokenizer: {error}", str(path), "Check the model's folder") from error


def own_way(tokenizer: Any) -> Any:
    """The tokenizer without padding and cutting; a byte-level one (RoBERTa) reads each word as one after a blank."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    if type(tokenizer.pre_tokenizer).__name__ == "ByteLevel":
        tokenizer.pre_tokenizer.add_prefix_space = True
    return tokenizer
