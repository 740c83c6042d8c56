"""Loading a tokenizer: the tagger and the text scorer read the same file."""

from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import MissingError


def load_tokenizer(path: Path) -> Any:
    """The tokenizer of a `tokenizer.json`, one that neither pads nor cuts.

    Raises:
        MissingError: the file is not there or is no tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise MissingError(f"cannot load the tokenizer: {error}", str(path), "Check the model's folder") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
