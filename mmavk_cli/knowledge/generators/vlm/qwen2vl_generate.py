"""One batch of pictures through Qwen2-VL: processor in, text out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig, StoppingCriteria, StoppingCriteriaList

from mmavk_cli.base.errors import MmavkError
from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm.clean_answer import REPEATS
from mmavk_cli.knowledge.generators.vlm.token_text import decoded

if TYPE_CHECKING:
    from mmavk_cli.knowledge.generators.vlm.qwen2vl_load import Loaded

LONGEST_LOOP = 32
"""Tokens of the longest stretch that is looked for as a loop's body while a text is written."""

LOOK_EVERY = 16
"""Tokens between two looks for a loop: a look waits for the GPU."""

SHORTEST_LOOP = 24
"""Tokens a loop fills at least before a text is given up."""


class LoopStop(StoppingCriteria):  # type: ignore[misc]
    """Ends a text that only repeats itself; the others of the batch go on. It looks at a text's own tokens alone, so a
    picture's text does not hang on its company.
    """

    def __init__(self, prompt_length: int) -> None:
        self._from = prompt_length
        self._done: torch.Tensor | None = None

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:  # noqa: ARG002
        """Which texts are to end: a boolean a row."""
        new = input_ids[:, self._from :]
        if self._done is None:
            self._done = torch.zeros(len(new), dtype=torch.bool, device=new.device)
        if new.shape[1] % LOOK_EVERY == 0:
            self._done = self._done | looping(new)
        return self._done


def looping(tokens: torch.Tensor) -> torch.Tensor:
    """Which rows of `tokens` [B, T] end in the same stretch at least three times, filling 24 tokens or more."""
    found = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    for period in range(1, LONGEST_LOOP + 1):
        span = max((REPEATS - 1) * period, SHORTEST_LOOP - period)
        if span + period <= tokens.shape[1]:
            tail = tokens[:, -span:]
            found |= (tail == tokens[:, -span - period : -period]).all(dim=1)
    return found


def answer(loaded: "Loaded", prompt: str, views: Sequence[View], max_new_tokens: int) -> list[tuple[str, bool, int]]:
    """For each picture the text, whether the model ended it by itself, and how many tokens it has.

    Args:
        loaded: model and processor.
        prompt: the same for all pictures.
        views: the pictures of one batch.
        max_new_tokens: largest number of tokens in an answer.

    Raises:
        MmavkError: the padding, or the number of visual tokens, is not what was asked for.
    """
    processor, model = loaded.processor, loaded.model
    inputs = processor(
        text=[chat_text(processor, prompt)] * len(views),
        images=[view.image for view in views],
        padding=True,
        return_tensors="pt",
        images_kwargs={"do_resize": False},  # they have their size already
    )
    _check(inputs, processor, views)
    inputs = inputs.to(model.device)
    length = inputs["input_ids"].shape[1]
    ends = _ends(model)
    decoding = GenerationConfig(
        do_sample=False, max_new_tokens=max_new_tokens, eos_token_id=ends, pad_token_id=processor.tokenizer.pad_token_id
    )
    model.generation_config = decoding  # a checkpoint's own asks for sampling
    with torch.inference_mode():
        output = model.generate(**inputs, stopping_criteria=StoppingCriteriaList([LoopStop(length)]))
    new = output[:, length:].cpu()
    stops = torch.isin(new, torch.tensor(ends))
    counts = [_answer_length(row) for row in stops]
    texts = [decoded(processor.tokenizer, row[:count].tolist()) for row, count in zip(new, counts, strict=True)]
    return [(text, bool(row.any()), count) for text, row, count in zip(texts, stops, counts, strict=True)]


def _answer_length(stops: Any) -> int:
    # tokens before the first that ends an answer; all where none does
    return int(stops.int().argmax()) if stops.any() else len(stops)


def chat_text(processor: Any, prompt: str) -> str:
    """The prompt as the model's chat template puts it, up to where the answer begins."""
    content = [{"type": "image"}, {"type": "text", "text": prompt}]
    text: str = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    return text


def _ends(model: Any) -> list[int]:
    """The tokens that end a text. They are read once: this module's own decoding keeps them."""
    ends = model.generation_config.eos_token_id
    if ends is None:
        raise MmavkError("the model has no end-of-text token", "generation_config.json", "Add eos_token_id")
    return [ends] if isinstance(ends, int) else list(ends)


def _check(inputs: Any, processor: Any, views: Sequence[View]) -> None:
    if not bool(inputs["attention_mask"][:, -1].all()):
        raise MmavkError("the batch is padded on the right, generation needs left padding", "qwen2vl", "Report it")
    merged = processor.image_processor.merge_size**2
    seen = (inputs["image_grid_thw"].prod(dim=1) // merged).tolist()
    if seen != [view.tokens for view in views]:
        raise MmavkError(
            f"the model sees {seen} visual tokens, not {[v.tokens for v in views]}", "qwen2vl", "Report it"
        )
