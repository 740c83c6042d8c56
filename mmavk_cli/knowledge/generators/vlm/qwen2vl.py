"""Qwen2-VL on transformers: batches of like size, bfloat16 or 4 bits, within the memory there is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from pydantic import field_validator

from mmavk_cli.base.device import DeviceChoice, empty_cache, is_out_of_memory, memory, resolve_device
from mmavk_cli.base.errors import MemoryShortError, MissingError
from mmavk_cli.base.one_large_model import ExclusiveModel
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import setting
from mmavk_cli.knowledge.generators.generator import NO_MEMORY, View, Written
from mmavk_cli.knowledge.generators.vlm.chat_generator import ChatGenerator
from mmavk_cli.knowledge.generators.vlm.memory import Footprint, read_config
from mmavk_cli.knowledge.generators.vlm.qwen2vl_load import Loaded, load_model
from mmavk_cli.knowledge.generators.vlm.reasoning import opens_reasoning
from mmavk_cli.knowledge.generators.vlm.resize import shrunk, visual_tokens
from mmavk_cli.knowledge.generators.vlm.settings import ChatSettings, chat_recipe
from mmavk_cli.knowledge.generators.vlm.weights import Weights, find_weights
from mmavk_cli.store.recipe import Recipe

FEWEST_TOKENS = 64
"""Visual tokens under which a picture is not shrunk to save memory: less shows nothing worth telling."""


class QwenSettings(ChatSettings, DeviceChoice):
    """How Qwen2-VL runs here."""

    four_bit: bool = setting(False, "Load the language model's weights in 4 bits (nf4): 16.6 GB become 7.", "--4bit")
    pictures_per_batch: str = setting(
        "auto", "Pictures in a batch; auto takes as many as fit into the free memory.", metavar="auto|N"
    )

    @field_validator("pictures_per_batch", mode="before")
    @classmethod
    def _size(cls, value: str) -> str:
        if value != "auto" and not (value.isascii() and value.isdigit() and int(value)):
            raise ValueError("give auto, or a number from 1")
        return value


class QwenGenerator(ChatGenerator[QwenSettings]):
    """A Qwen2-VL of any size, from a folder or from the hub's cache. Loaded when the first batch comes."""

    large = True

    def __init__(self, settings: QwenSettings) -> None:
        super().__init__(settings)
        self._most = 0 if settings.pictures_per_batch == "auto" else int(settings.pictures_per_batch)
        way = "" if settings.four_bit else "--4bit, or "
        self._smaller = f"Take {way}a smaller --vlm such as Qwen/Qwen2-VL-2B-Instruct; mmavk doctor shows what fits"
        self._turn = ExclusiveModel("qwen2vl", self._load, smaller=self._smaller)
        self._processor: Any = None

    @cached_property
    def recipe(self) -> Recipe:
        """All that decides what it writes."""
        decoding: Json = {"greedy": True, "dtype": "float32" if self.device == "cpu" else "bfloat16"}
        if self.settings.four_bit:
            decoding |= {"quantisation": "nf4, double, language layers", "dtype": "bfloat16"}
        model = (self._weights.model, self._weights.revision)
        return chat_recipe("qwen2vl", self.settings, self.prompt, model, decoding)

    @cached_property
    def device(self) -> str:
        """Where it runs, `cpu` or `cuda`."""
        return resolve_device(self.settings.device)

    @cached_property
    def _weights(self) -> Weights:
        return find_weights(self.settings.vlm, self.settings.revision)

    @cached_property
    def footprint(self) -> Footprint:
        """What it takes in memory.

        Raises:
            MissingError: its config.json does not say how large it is.
        """
        half = self.device == "cuda" or self.settings.four_bit
        try:
            return Footprint.of(self._config, 2 if half else 4)
        except KeyError as error:
            where = str(self._weights.folder / "config.json")
            raise MissingError(f"config.json lacks {error}", where, "Fetch it again") from error

    @cached_property
    def _config(self) -> Json:
        return read_config(self._weights.folder)

    def room(self, tokens: int) -> int:
        """How many pictures of so many visual tokens go into the memory that is free when the weights are loaded."""
        if self.settings.pictures_per_batch != "auto":
            return self._most
        self._turn.model  # noqa: B018  (what is free is known when the weights are there)
        fits = self.footprint.batch(memory(self.device)[0], tokens, self.settings.max_new_tokens)
        return min(fits, self._most or fits)

    def write(self, views: Sequence[View]) -> Iterator[tuple[int, Written]]:
        """All pictures in one batch; where memory runs out in smaller ones, then each with fewer pixels."""
        yield from self._write(list(range(len(views))), views, ())

    def _write(
        self, places: Sequence[int], views: Sequence[View], steps: tuple[str, ...]
    ) -> Iterator[tuple[int, Written]]:
        written = self._answers_or_none(views, steps)
        if written is not None:
            yield from zip(places, written, strict=True)
        elif len(views) > 1:
            half = len(views) // 2
            self._most = min(self._most or half, half)  # later batches begin where this one had to go
            steps = (*steps, f"batch {len(views)} to {half}")
            yield from self._write(places[:half], views[:half], steps)
            yield from self._write(places[half:], views[half:], steps)
        elif views[0].tokens // 2 >= FEWEST_TOKENS:
            small = shrunk(views[0].image, views[0].tokens // 2)
            view = View(small, visual_tokens(*small.size))
            steps = (*steps, f"visual tokens {views[0].tokens} to {view.tokens}")
            yield from self._write(places, [view], steps)
        else:
            details = {"visual_tokens": views[0].tokens, "back_off": list(steps)}
            yield places[0], Written(None, f"{NO_MEMORY} with one picture of {views[0].tokens} visual tokens", details)

    def _answers_or_none(self, views: Sequence[View], steps: tuple[str, ...]) -> list[Written] | None:
        """None where memory ran out; what held it is let go before this returns."""
        try:
            answers = self._answers(views)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            answers = None
        if answers is None:
            empty_cache()
            return None
        if not steps:
            return answers
        return [replace(one, details={**one.details, "back_off": list(steps)}) for one in answers]

    def _answers(self, views: Sequence[View]) -> list[Written]:
        from mmavk_cli.knowledge.generators.vlm.qwen2vl_generate import answer, chat_text

        loaded = Loaded(self._turn.model, self._processor)
        answers = answer(loaded, self.prompt.text, views, self.settings.max_new_tokens)
        prompted = opens_reasoning(chat_text(self._processor, self.prompt.text))
        return [
            self.written(text, ended, view, new, prompted)
            for view, (text, ended, new) in zip(views, answers, strict=True)
        ]

    def free(self) -> None:
        """Give the model's memory back."""
        self._turn.free()

    def _load(self) -> Any:
        self._check_room()
        loaded = load_model(self._weights.folder, self.device, self.settings.four_bit)
        self._processor = loaded.processor
        return loaded.model

    def _check_room(self) -> None:
        """Loading takes minutes, and a machine that runs out of memory may end the process without a word."""
        needed, free = self.footprint.weights(self.settings.four_bit), memory(self.device)[0]
        if needed > free and "quantization_config" not in self._config:  # such weights are smaller than they seem
            what = f"the weights take {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free"
            raise MemoryShortError(what, f"{self._weights.model} on {self.device}", self._smaller)
