"""Speed and memory of `mmavk generate` with Qwen2-VL-7B at full size, without a download: random weights, built where
they run.

`PYTHONPATH=tests/support python tests/benchmarks/generate_gpu.py` needs an NVIDIA GPU and 20 minutes at most; memory is
capped at 24 GB. With `--small` a model of 16 million weights runs on one core of a CPU in a minute, to show that the
script works and that batching pays: it fails where a picture in a batch is not twice as fast as one by one.
The texts are noise; the work is that of real ones. Each batch goes through the generator that the command uses.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tiny_qwen import save_tiny

from mmavk_cli.base.device import empty_cache
from mmavk_cli.base.one_large_model import ExclusiveModel
from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm import qwen2vl_generate as qwen_decode
from mmavk_cli.knowledge.generators.vlm.memory import PROMPT_TOKENS, QWEN2_VL_7B, Footprint
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator, QwenSettings
from mmavk_cli.knowledge.generators.vlm.qwen2vl_load import KEPT_WHOLE, Loaded, check_quantised, load_model
from mmavk_cli.knowledge.prompts import Prompt

SMALL = {
    "hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 6, "num_attention_heads": 6,
    "num_key_value_heads": 2, "vocab_size": 8192,
    "vision_config": {"depth": 4, "embed_dim": 128, "hidden_size": 384, "mlp_ratio": 4, "num_heads": 2},
}  # fmt: skip
ROPE = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]}
PAPER_S = 14.739
"""Seconds a picture in the paper (section 4.2): one RTX 3090, batch 1."""

SMALL_GOAL = 2.0
"""Times that the best batch of `--small` is faster than one picture after the other, at least."""

ROUNDS = 3
"""Times that a CPU does the same; the best counts."""


@dataclass(frozen=True)
class Work:
    """What is measured: the model's sizes, the picture's, new tokens, batches."""

    config: dict[str, Any]
    picture: tuple[int, int]
    new_tokens: int
    batches: tuple[int, ...]
    device: str
    dtype: torch.dtype


@dataclass(frozen=True)
class Row:
    """One batch size: seconds and tokens of all its pictures, bytes at its peak, shares of what the device can do."""

    precision: str
    batch: int
    way: str
    s_a_picture: float
    tokens_a_s: float
    peak_gb: float
    bandwidth_share: float
    compute_share: float
    back_off: str


def built(work: Work, ids: dict[str, int]) -> Any:
    """The model with random weights, made on its device."""
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    text = {name: value for name, value in work.config.items() if name not in {"model_type", "vision_config"}}
    half = text["hidden_size"] // text["num_attention_heads"] // 2
    rope = ROPE | {"mrope_section": [half // 4, half * 3 // 8, half - half // 4 - half * 3 // 8]}
    sight = {"num_heads": 16, "patch_size": 14, **work.config["vision_config"]}
    config = Qwen2VLConfig(text_config=text | {"rope_parameters": rope}, vision_config=sight, **ids)
    torch.manual_seed(1)
    torch.set_default_dtype(work.dtype)
    try:
        with torch.device(work.device):
            model = Qwen2VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(torch.float32)
    model.generation_config.eos_token_id = text["vocab_size"] - 1  # hardly ever comes: all texts have their full length
    return model.eval()


def in_four_bits(model: Any, device: str) -> Any:
    """The language layers in nf4, as `--4bit` loads them, one layer at a time."""
    import bitsandbytes

    for name, module in list(model.named_modules()):
        if isinstance(module, torch.nn.Linear) and not name.startswith(KEPT_WHOLE):
            small = bitsandbytes.nn.Linear4bit(
                module.in_features, module.out_features, module.bias is not None, compute_dtype=torch.bfloat16,
                quant_type="nf4", device="meta",
            )  # fmt: skip
            weight = bitsandbytes.nn.Params4bit(module.weight.data, requires_grad=False, quant_type="nf4")
            small.weight, small.bias = weight.to(device), module.bias
            parent = model.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], small)
    check_quantised(model)
    return model


def made_model(work: Work, ids: dict[str, int], precision: str) -> Any:
    """The model as it is loaded in one precision."""
    model = built(work, ids)
    return in_four_bits(model, work.device) if precision == "4-bit" else model


def generator(turn: ExclusiveModel[Any], processor: Any, work: Work, batch: int, visual_tokens: int) -> QwenGenerator:
    """The command's own generator around a model that is here already."""
    settings = QwenSettings(
        max_new_tokens=work.new_tokens,
        pictures_per_batch=str(batch),
        device=work.device,
        visual_tokens=visual_tokens,  # type: ignore[arg-type]
    )
    made = QwenGenerator(settings)
    made._turn, made._processor = turn, processor
    made.prompt = Prompt("as long as a real one", 0, "a " * (PROMPT_TOKENS // 2))  # this tokenizer has few words
    return made


def clock(run: Callable[[], Any], device: str) -> tuple[float, Any]:
    """Seconds and the result. On a GPU by the wall, when its work is done; on a CPU the processor's own seconds, the
    best of several rounds, which others on the machine change little."""
    if device == "cpu":
        rounds = []
        for _ in range(ROUNDS):
            began = time.process_time()
            result = run()
            rounds.append(time.process_time() - began)
        return min(rounds), result
    torch.cuda.synchronize()
    began = time.perf_counter()
    result = run()
    torch.cuda.synchronize()
    return time.perf_counter() - began, result


def limits(work: Work) -> tuple[float, float]:
    """Bytes a second and operations a second that this device reaches, measured: a copy and a matrix product."""
    large = work.device == "cuda"
    numbers = torch.zeros(1 << (29 if large else 24), dtype=torch.uint8, device=work.device)
    target = torch.empty_like(numbers)
    side = 8192 if large else 1024
    matrix = torch.randn(side, side, dtype=work.dtype, device=work.device)
    for _ in range(2):
        copy, _ = clock(lambda: [target.copy_(numbers) for _ in range(10)], work.device)
        product, _ = clock(lambda: [matrix @ matrix for _ in range(10)], work.device)
    return 20 * numbers.numel() / copy, 20 * side**3 / product


def measured(made: QwenGenerator, views: list[View], work: Work, way: str, reach: tuple[float, float]) -> Row:
    """One row: the texts of a batch, and beside them the time to the first token, which is compute; the rest reads."""
    four_bit = way.startswith("4-bit")
    if work.device == "cuda":
        empty_cache()  # what the row before has set aside is not this one's
        torch.cuda.reset_peak_memory_stats()
    seconds, found = clock(lambda: dict(made.write(views)), work.device)
    tokens = sum(int(one.details["new_tokens"]) for one in found.values())
    steps = [str(step) for one in found.values() for step in one.details.get("back_off", ())]
    peak = torch.cuda.max_memory_reserved() if work.device == "cuda" else 0
    brief = generator(made._turn, made._processor, replace(work, new_tokens=1), len(views), 16384)
    first, _ = clock(lambda: dict(brief.write(views)), work.device)  # backs off as well, where the batch is too large
    size = Footprint.of(work.config, work.dtype.itemsize)
    read = size.weights(four_bit) + len(views) * size.cache(views[0].tokens, work.new_tokens // 2)
    shown = len(views) * (views[0].tokens + PROMPT_TOKENS)
    return Row(
        precision=way.partition(",")[0],
        batch=len(views),
        way=way.partition(", ")[2],
        s_a_picture=seconds / len(views),
        tokens_a_s=tokens / seconds,
        peak_gb=round(peak / 1e9, 1),
        bandwidth_share=read * (work.new_tokens - 1) / max(seconds - first, 1e-9) / reach[0],
        compute_share=2 * size.language * shown / first / reach[1],
        back_off=", ".join(dict.fromkeys(steps)),
    )


def _loaded(made: QwenGenerator) -> Loaded:
    return Loaded(made._turn.model, made._processor)


def rows(work: Work, precisions: tuple[str, ...]) -> Iterator[Row]:
    """Batch 1 without a cap, as the paper has it, then the batches; for each precision."""
    reach = limits(work)
    print(f"measured limits: {reach[0] / 1e9:.0f} GB/s, {reach[1] / 1e12:.2f} TFLOP/s", flush=True)
    empty_cache()
    with tempfile.TemporaryDirectory() as folder:
        tiny = load_model(save_tiny(Path(folder)), "cpu", four_bit=False)
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    ids = {name: getattr(tiny.model.config, name) for name in names}
    picture = Image.effect_noise(work.picture, 80).convert("RGB")
    for precision in precisions:
        turn = ExclusiveModel("benchmark", partial(made_model, work, ids, precision))
        for batch, visual_tokens, way in [(1, 16384, "no cap"), *((size, 1024, "mmavk") for size in work.batches)]:
            made = generator(turn, tiny.processor, work, batch, visual_tokens)
            views = [made.ready(picture) for _ in range(batch)]
            qwen_decode.answer(_loaded(made), made.prompt.text, views[:1], 2)  # warm
            yield measured(made, views, work, f"{precision}, {way}", reach)
        turn.free()


def table(found: list[Row]) -> str:
    """Markdown; `times` beside batch 1 of the same precision."""
    lines = [
        "| precision | batch | way | s/picture | times | tokens/s | peak GB | of bandwidth | of compute | backed off |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    base: dict[str, float] = {}
    for row in found:
        times = base.setdefault(row.precision, row.s_a_picture) / row.s_a_picture
        shares = f"{row.bandwidth_share:.0%} | {row.compute_share:.0%}"
        lines.append(
            f"| {row.precision} | {row.batch} | {row.way} | {row.s_a_picture:.3f} | {times:.1f} |"
            f" {row.tokens_a_s:.0f} | {row.peak_gb or '-'} | {shares} | {row.back_off} |"
        )
    return "\n".join(lines)


def gain(found: list[Row]) -> float:
    """Times that the best batch is faster a picture than the loop over single ones."""
    loop = min(row.s_a_picture for row in found if row.batch == 1)
    return loop / min(row.s_a_picture for row in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a small model on a CPU")
    parser.add_argument("--batches", type=int, nargs="+", help="batch sizes")
    parser.add_argument("--precisions", nargs="+", choices=("bf16", "float32", "4-bit"))
    parser.add_argument("--new-tokens", type=int, help="length of a text")
    parser.add_argument("--cap-gb", type=float, default=24.0, help="GPU memory this may take")
    parser.add_argument("--out", type=Path, help="JSON file for the rows")
    given = parser.parse_args()
    qwen_decode.LOOK_EVERY = 1 << 30  # random weights repeat themselves, and full length is what is measured
    if given.small:
        torch.set_num_threads(1)  # threads that wait for each other count as work
        batches = tuple(given.batches or (1, 2, 4, 8))
        work = Work(SMALL, (168, 112), given.new_tokens or 64, batches, "cpu", torch.float32)
        precisions, name = (
            tuple(given.precisions or ["float32"]),
            f"{platform.machine()}, {torch.get_num_threads()} threads",
        )
    else:
        if not torch.cuda.is_available():
            sys.exit("torch sees no GPU; --small runs on a CPU")
        torch.cuda.set_per_process_memory_fraction(given.cap_gb * 1e9 / torch.cuda.mem_get_info()[1])
        batches = tuple(given.batches or (1, 2, 4, 8, 16, 32))
        work = Work(QWEN2_VL_7B, (1024, 768), given.new_tokens or 256, batches, "cuda", torch.bfloat16)
        precisions, name = (
            tuple(given.precisions or ["bf16", "4-bit"]),
            f"{torch.cuda.get_device_name()}, capped at {given.cap_gb:g} GB",
        )
    print(f"{name}; torch {torch.__version__}, transformers {version('transformers')}; {work.new_tokens} new tokens")
    found = []
    for row in rows(work, precisions):
        found.append(row)
        print(f"{row.precision} batch {row.batch} {row.way}: {row.s_a_picture:.3f} s a picture", flush=True)
    print(table(found))
    if not given.small:
        best = min(row.s_a_picture for row in found)
        print(f"best {best:.3f} s a picture, {PAPER_S / best:.0f} times the paper's {PAPER_S} s on another card")
    if given.out:
        given.out.write_text(json.dumps([asdict(row) for row in found], indent=2), "utf-8")
    if given.small and gain(found) < SMALL_GOAL:
        sys.exit(f"batches are {gain(found):.1f} times as fast as single pictures; the goal is {SMALL_GOAL:g} times")


if __name__ == "__main__":
    main()
