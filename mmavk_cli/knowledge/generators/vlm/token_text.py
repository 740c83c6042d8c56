"""Token ids → text in which reasoning can still be told from the answer."""

from collections.abc import Sequence
from typing import Any

from mmavk_cli.knowledge.generators.vlm.reasoning import is_reasoning_mark


def decoded(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of an output. Special tokens are left out, but for those that mark reasoning and channels: without them
    the reasoning would read as the answer.
    """
    silent = set()
    for number, token in tokenizer.added_tokens_decoder.items():
        if token.special and not is_reasoning_mark(token.content):
            silent.add(number)
    shown = [number for number in ids if number not in silent]
    text: str = tokenizer.decode(shown, skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text
