"""Loading a tokenizer, which the tagger and the text scorer share, and finding out how it treats words and scripts."""

import unicodedata
from collections import Counter
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import MissingError

_BEFORE, _TRIED = "in", ("Paris", "the", "a", "Smith", "7")
"""A word, and words that are read after it, to see what a tokenizer makes of the blank between them."""

_SEVERAL, _SINGLE = 50, 1000
"""A script is read with so many pieces of several letters, or of one (Chinese). English BERT has 8 of several Cyrillic
letters and 488 Chinese characters, CLIP 15 of Hangul; 27,533 and 46,527 of Latin."""


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
    """The tokenizer without padding and cutting."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def lead_of(tokenizer: Any) -> str:
    """What stands before a word that is encoded alone (`is_pretokenized`), so that it gets the pieces it has in running
    text: a blank for RoBERTa, Llama 3, Qwen and Gemma, nothing for BERT and XLM-R. It is tried, not known by name.
    """

    def encoded(text: str) -> list[int]:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def agrees(lead: str, word: str) -> bool:
        alone = tokenizer.encode([lead + word], is_pretokenized=True, add_special_tokens=False).ids
        return bool(alone == encoded(f"{_BEFORE} {word}")[len(encoded(_BEFORE)) :])

    return max(("", " "), key=lambda lead: sum(agrees(lead, word) for word in _TRIED))


class Scripts:
    """Which scripts an encoder with this tokenizer can know words of: others fall into letters, bytes or `[UNK]`."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def unread(self, text: str) -> tuple[str, ...]:
        """The scripts of the text, by name, that are not read; one strange letter alone (`ツ`, `µ`) does not count."""
        if text.isascii():
            return ()
        letters = Counter(_script(letter) for letter in text if letter.isalpha())
        return tuple(script for script, count in letters.items() if count > 1 and not self.reads(script))

    def reads(self, script: str) -> bool:
        """Whether the vocabulary has words or parts of words in that script."""
        several, all_pieces = self._pieces
        return several[script] >= _SEVERAL or all_pieces[script] >= _SINGLE

    @cached_property
    def _pieces(self) -> tuple[Counter[str], Counter[str]]:
        """By script, the pieces of several letters, and all."""
        several, all_pieces = Counter[str](), Counter[str]()
        ids = [[number] for number in range(self._tokenizer.get_vocab_size())]
        for piece in self._tokenizer.decode_batch(ids):
            letters = [letter for letter in piece if letter.isalpha()]
            if letters:
                script = _script(letters[0])
                all_pieces[script] += 1
                several[script] += len(letters) > 1
        return several, all_pieces


@cache
def _script(letter: str) -> str:
    """The script as the letter's name in Unicode begins: `Latin`, `Cyrillic`, `CJK`."""
    first = unicodedata.name(letter, "unnamed").split(" ")[0]
    return first if first == "CJK" else first.title()
