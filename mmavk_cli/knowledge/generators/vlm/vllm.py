"""Qwen2-VL on vLLM, in a process that vLLM starts beside this one: continuous batching, the same prompts and rows."""

import os
import signal
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from multiprocessing import resource_tracker
from typing import Any

from mmavk_cli.base.device import resolve_device
from mmavk_cli.base.errors import MissingError, MmavkError, UsageError, install
from mmavk_cli.base.one_large_model import ExclusiveModel
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import setting
from mmavk_cli.knowledge.generators.generator import View, Written
from mmavk_cli.knowledge.generators.vlm.chat_generator import ChatGenerator
from mmavk_cli.knowledge.generators.vlm.memory import PROMPT_TOKENS
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenSettings
from mmavk_cli.knowledge.generators.vlm.reasoning import opens_reasoning
from mmavk_cli.knowledge.generators.vlm.resize import FEWEST, PATCH
from mmavk_cli.knowledge.generators.vlm.settings import chat_recipe
from mmavk_cli.knowledge.generators.vlm.token_text import decoded
from mmavk_cli.knowledge.generators.vlm.weights import Weights, find_weights
from mmavk_cli.store.recipe import Recipe

TOGETHER = 64
"""Pictures that are handed over at once: vLLM keeps its batch full, and a Ctrl-C does not wait for long."""

QUIET = {
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "HF_HUB_OFFLINE": "1",
}
"""Variables that vLLM and what it starts read; what stands in the environment already goes before them."""


class VllmSettings(QwenSettings):
    """How vLLM runs here."""

    vllm_memory: float = setting(0.9, "Share of the GPU's memory for --generator vllm.", gt=0, le=1)


class VllmGenerator(ChatGenerator[VllmSettings]):
    """A Qwen2-VL of any size on vLLM. The engine is started when the first batch comes."""

    large = True

    def __init__(self, settings: VllmSettings) -> None:
        """Raises MissingError where vLLM is not installed, UsageError for `--4bit`."""
        if settings.four_bit:
            advice = "Take --generator qwen2vl, or name a checkpoint in 4 bits (AWQ, GPTQ) with --vlm"
            raise UsageError("vLLM does not quantise weights", "--4bit", advice)
        if find_spec("vllm") is None:
            raise MissingError("vLLM is not installed", "--generator vllm", install("vllm"))
        super().__init__(settings)
        self._turn = ExclusiveModel("vllm", self._start, lambda model: model.llm_engine.engine_core.shutdown())

    @cached_property
    def recipe(self) -> Recipe:
        """All that decides what it writes."""
        model = (self._weights.model, self._weights.revision)
        return chat_recipe("vllm", self.settings, self.prompt, model, {"greedy": True, "dtype": self._dtype})

    @cached_property
    def _weights(self) -> Weights:
        return find_weights(self.settings.vlm, self.settings.revision)

    @cached_property
    def _device(self) -> str:
        return resolve_device(self.settings.device)

    @property
    def _dtype(self) -> str:
        return "float32" if self._device == "cpu" else "bfloat16"

    def room(self, tokens: int) -> int:  # noqa: ARG002
        """How many pictures are handed over together; vLLM makes its own batches of them."""
        return TOGETHER if self.settings.pictures_per_batch == "auto" else int(self.settings.pictures_per_batch)

    def write(self, views: Sequence[View]) -> Iterator[tuple[int, Written]]:
        """All pictures, when all are finished.

        Raises:
            MissingError: vLLM cannot load the model, or its engine has stopped.
        """
        from vllm import SamplingParams
        from vllm.v1.engine.exceptions import EngineDeadError

        model = self._turn.model
        image_token = model.llm_engine.model_config.hf_config.image_token_id
        greedy = SamplingParams(temperature=0.0, max_tokens=self.settings.max_new_tokens)
        try:
            answers = model.chat([self._asked(view) for view in views], greedy, use_tqdm=False)
        except EngineDeadError as error:
            advice = "VLLM_LOGGING_LEVEL=INFO shows why. Short of memory: lower --pictures-per-batch, --visual-tokens"
            raise MissingError("vLLM's engine has stopped", self.settings.vlm, advice) from error
        for place, (view, answer) in enumerate(zip(views, answers, strict=True)):
            seen = answer.prompt_token_ids.count(image_token)
            if seen != view.tokens:
                raise MmavkError(f"the model sees {seen} visual tokens, not {view.tokens}", "vllm", "Report it")
            yield place, self._written(answer, view, model.get_tokenizer())

    def _asked(self, view: View) -> list[Json]:
        content = [{"type": "image_pil", "image_pil": view.image}, {"type": "text", "text": self.prompt.text}]
        return [{"role": "user", "content": content}]

    def _written(self, answer: Any, view: View, tokenizer: Any) -> Written:
        output = answer.outputs[0]
        ended = output.finish_reason == "stop"
        ids = list(output.token_ids)[: len(output.token_ids) - ended]  # without the token that ends it, as with qwen2vl
        prompted = opens_reasoning(answer.prompt or "")
        return self.written(decoded(tokenizer, ids), ended, view, len(ids), prompted)

    def free(self) -> None:
        """End vLLM's processes, and with them what they hold of the memory."""
        self._turn.free()

    def _start(self) -> Any:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        from vllm import LLM
        from vllm.platforms import current_platform

        if current_platform.device_type != self._device:
            what = f"this vLLM is made for {current_platform.device_type!r}"
            raise MissingError(what, f"--device {self._device}", "Install the vLLM for that device")
        most = self.settings.visual_tokens
        size = {"shortest_edge": FEWEST * PATCH**2, "longest_edge": most * PATCH**2}
        prompt = len(self.prompt.text.encode()) + PROMPT_TOKENS
        resource_tracker.ensure_running()  # when it starts later, it lets SIGINT through again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # what is started inherits it, so that a
        try:  # Ctrl-C lets the batch in hand be finished
            return LLM(
                model=str(self._weights.folder),
                dtype=self._dtype,
                load_format="safetensors",
                trust_remote_code=False,
                max_model_len=most + prompt + self.settings.max_new_tokens,
                limit_mm_per_prompt={"image": 1, "video": 0},
                mm_processor_kwargs={"images_kwargs": {"size": size}},  # pictures have their size already
                gpu_memory_utilization=self.settings.vllm_memory,
                use_tqdm_on_load=False,
                enforce_eager=self._device == "cpu",  # compiling would take longer than it saves
            )
        except (RuntimeError, ValueError, OSError) as error:
            advice = "See why with VLLM_LOGGING_LEVEL=INFO; where memory is short, change --vllm-memory"
            raise MissingError(f"vLLM cannot load the model: {error}", str(self._weights.folder), advice) from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
