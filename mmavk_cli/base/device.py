"""Where models run, what memory is left there, and the one large model that is loaded at a time."""

import gc
import sys
from pathlib import Path
from typing import Literal

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.settings import Settings, setting

CARD = 24_000_000_000
"""Bytes of a card that is sold with 24 GB, as the smallest of them has (an L4); the paper's RTX 3090 has 7 % more."""

_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "_ALLOC_FAILED", "_ALLOCATION_FAILED")
"""How libraries say it, where they raise nothing of their own for it; the last two are cuBLAS's and cuDNN's."""


class DeviceChoice(Settings):
    """Where models run."""

    device: Literal["auto", "cpu", "cuda"] = setting("auto", "Device of the models; auto: a GPU if there is one.")


def resolve_device(wanted: str) -> str:
    """`cpu` or `cuda`, as it is there.

    Raises:
        MissingError: `cuda` was asked for and torch sees no GPU.
    """
    if wanted == "cpu":
        return wanted
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise MissingError("torch sees no GPU", "--device cuda", "See what there is: mmavk doctor")
    return "cpu"


def memory(device: str) -> tuple[int, int]:
    """Bytes that are free and bytes in all, of the GPU (what torch has set aside and not in use counts as free) or of
    the machine. A cap set by `torch.cuda.set_per_process_memory_fraction` is heeded.
    """
    if device == "cpu":
        import psutil

        of_all = psutil.virtual_memory()
        return int(of_all.available), int(of_all.total)
    import torch

    free, total = torch.cuda.mem_get_info()
    fraction = torch.cuda.get_per_process_memory_fraction()
    free += torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
    return min(free, int(fraction * total) - torch.cuda.memory_allocated()), total


def used_memory() -> int:
    """Bytes this process holds: on the GPU where it uses one, else of the machine. Does not load torch."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return int(torch.cuda.memory_reserved())
    import psutil

    return int(psutil.Process().memory_info().rss)


def peak_memory() -> int:
    """The most bytes of the machine that this process has held; what it holds now where the system keeps no count."""
    try:
        # not `getrusage`, which begins with what the process that started this one held
        with Path("/proc/self/status").open(encoding="utf-8") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        import psutil

        held = psutil.Process().memory_info()
        return int(getattr(held, "peak_wset", held.rss))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a GPU or in the machine."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)
    )


def empty_cache() -> None:
    """Give back what torch has set aside and does not use. Does not load torch."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
