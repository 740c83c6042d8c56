"""A Qwen2-VL and its processor from files: bfloat16, float32 or 4 bits."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmavk_cli.base.device import is_out_of_memory
from mmavk_cli.base.errors import MissingError, MmavkError
from mmavk_cli.base.records import Json

KEPT_WHOLE = ("visual", "model.visual", "lm_head")
"""Module paths that stay out of 4 bits, under the names of older and newer versions of transformers. A vision tower in
4 bits writes nonsense."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model with its processor."""

    model: Any
    processor: Any


def load_model(folder: Path, device: str, four_bit: bool) -> Loaded:
    """A Qwen2-VL with its processor, in evaluation mode: bfloat16 on a GPU, float32 on a CPU, or nf4.

    Raises:
        MissingError: files are absent or broken, or a package. MmavkError: 4 bits went where they should not.
    """
    import logging

    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # on a CPU it says which kernels it lacks
    options: Json = {"local_files_only": True, "trust_remote_code": False}
    half = four_bit or device == "cuda"
    try:
        processor = AutoProcessor.from_pretrained(folder, **options)
        model, told = AutoModelForImageTextToText.from_pretrained(
            folder,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # told below, with the tensor's name
            dtype=torch.bfloat16 if half else torch.float32,
            device_map={"": device},
            attn_implementation=_attention(device),
            use_safetensors=True,
            quantization_config=_nf4() if four_bit else None,
            **options,
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        if is_out_of_memory(error):
            raise
        raise _not_loaded(error, folder) from error
    except Exception as error:
        if type(error) is not Exception:  # tokenizers raises the bare class, where a tokenizer.json is newer than it
            raise
        raise _not_loaded(error, folder / "tokenizer.json") from error
    if not processor.chat_template:
        advice = "Copy chat_template.jinja into it, or chat_template.json, from the model that it was made of"
        raise MissingError("the model has no chat template", str(folder), advice)
    if lacking := {*told["missing_keys"], *(name for name, *_ in told["mismatched_keys"])}:
        # transformers would draw them at random and only warn
        what = f"the model's weights lack {min(lacking)}, or have it in another size"
        raise MissingError(what, str(folder), "Take the files of one model, all of them")
    processor.tokenizer.padding_side = "left"  # a tokenizer forgets its side when it is saved
    if four_bit:
        check_quantised(model)
    return Loaded(model.eval(), processor)


def _not_loaded(error: Exception, where: Path) -> MissingError:
    advice = "Check its files or fetch it again; for files of a newer version: pip install -U tokenizers transformers"
    return MissingError(f"cannot load the model: {error}", str(where), advice)


def _attention(device: str) -> str:
    """FlashAttention where it is installed for the GPU, else torch's own (SDPA)."""
    from transformers.utils import is_flash_attn_2_available

    return "flash_attention_2" if device == "cuda" and is_flash_attn_2_available() else "sdpa"


def _nf4() -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=list(KEPT_WHOLE),
    )


def quantised(model: Any) -> Counter[tuple[str, bool]]:
    """How many linear layers each part of a Qwen2-VL has (`language`, `visual`, `lm_head`), in 4 bits or not."""
    from torch.nn import Linear

    parts: Counter[tuple[str, bool]] = Counter()
    for name, module in model.named_modules():
        if isinstance(module, Linear):
            part = "lm_head" if name == "lm_head" else "language"
            if "visual" in name.split("."):
                part = "visual"
            parts[part, type(module).__name__ == "Linear4bit"] += 1
    return parts


def check_quantised(model: Any) -> None:
    """Whether 4 bits went where they should and nowhere else.

    Raises:
        MmavkError: they did not; the settings' names have changed under us.
    """
    parts = quantised(model)
    wrong = [part for part in ("visual", "lm_head") if parts[part, True] or not parts[part, False]]
    if wrong or parts["language", False] or not parts["language", True]:
        raise MmavkError(f"4-bit quantisation reached the wrong modules: {dict(parts)}", "--4bit", "Report it")
