"""A GPU of pretence, for machines that have none: tensors that say they are on `cuda:0`, and a processor at work.

What a GPU refuses is refused here: tensors of two devices in one operation, NumPy's view of a tensor that is not in the
machine's memory. So a forgotten `.to(device)` or `.cpu()` fails as it would there. It also counts the bytes that
tensors take. It knows nothing of a GPU's kernels, of their speed, of autocast on CUDA, or of 4 bits.
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

aten: Any = torch.ops.aten
CUDA = torch.device("cuda:0")
ACROSS = {aten._to_copy.default, aten.copy_.default}
"""What moves numbers from one device to another."""

INDEXED = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default}
"""What takes indices from the machine's memory as well."""

TOTAL, FREE = 24 * 10**9, 20 * 10**9


class Memory:
    """Bytes of all tensors that are there now, and the most there were."""

    def __init__(self) -> None:
        self.used = self.peak = 0
        self._known: set[int] = set()

    def count(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._known:
            self._known.add(storage._cdata)
            self.used += storage.nbytes()
            self.peak = max(self.peak, self.used)
            weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.used -= size


MEMORY = Memory()


class OnGpu(torch.Tensor):
    """A tensor whose numbers are in `inner`, in the machine's memory. To torch's core it is without any (`meta`)."""

    device = property(lambda _: CUDA)
    is_cuda = property(lambda _: True)
    is_meta = property(lambda _: False)
    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> "OnGpu":
        layout = {"strides": inner.stride(), "storage_offset": inner.storage_offset(), "dtype": inner.dtype}
        made: OnGpu = torch.Tensor._make_wrapper_subclass(cls, inner.size(), device="meta", **layout)
        made.inner = inner
        MEMORY.count(inner)
        return made

    def __repr__(self, **_: Any) -> str:
        return f"OnGpu({self.inner})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(func, args, kwargs or {})


class Operations(TorchDispatchMode):
    """Every operation passes here, also those that make a tensor out of nothing."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(func, args, kwargs or {})


def run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """One operation, by the rules of a GPU."""
    if torch.is_inference_mode_enabled():
        with torch.inference_mode(False), torch.no_grad(), Operations():
            return func.decompose(*args, **kwargs) if func._can_decompose() else func(*args, **kwargs)
    tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
    asked = kwargs.get("device") and torch.device(kwargs["device"]).type
    ours = any(isinstance(one, OnGpu) for one in tensors)
    if asked == "meta" and (ours or func is aten.scalar_tensor.default):  # autograd's own, for what it takes for `meta`
        asked = "cuda"
    if asked != "cuda" and not ours:
        return func(*args, **kwargs)
    first = func in INDEXED or func is aten.copy_.default  # where the first is, the result is
    on_gpu = isinstance(tensors[0], OnGpu) if first else asked in {None, "cuda"}
    strange = tensors[:1] if func in INDEXED else [] if asked or func in ACROSS else tensors
    if any(not isinstance(one, OnGpu) and one.dim() for one in strange):
        raise RuntimeError(f"Expected all tensors to be on the same device, but found cuda:0 and cpu ({func})")
    plain = {name: tree_map(_inner, value) for name, value in kwargs.items()} | ({"device": "cpu"} if asked else {})
    made = func(*tree_map(_inner, args), **plain)
    if not on_gpu:
        return made
    made = tree_map(lambda one: OnGpu(one) if isinstance(one, Tensor) else one, made)
    return made if asked else return_and_correct_aliasing(func, args, kwargs, made)


def _inner(one: Any) -> Any:
    return one.inner if isinstance(one, OnGpu) else one


class Calls(TorchFunctionMode):
    """What torch's core would do itself for a `meta` tensor, or would ask CUDA for."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = {name: _indexed(one) for name, one in (kwargs or {}).items()}
        own = args[0] if args and isinstance(args[0], OnGpu) else None
        if func is torch.Tensor.to:
            args = tuple(map(_indexed, args))
        elif func is torch.tensor and kwargs.get("device") == CUDA:
            numbers = tree_map(lambda one: one.item() if isinstance(one, Tensor) else one, args)
            return func(*numbers, **kwargs | {"device": "cpu"}).to(CUDA)
        elif own is not None and func is torch.nn.functional.scaled_dot_product_attention:
            return attention(*args, **kwargs)
        elif own is not None and func is torch.Tensor.tolist:
            return own.cpu().tolist()
        elif own is not None and func in {torch.Tensor.numpy, torch.Tensor.__array__}:
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu()")
        elif own is not None and func == torch.Tensor.data.__set__:
            own.inner = args[1].inner
        return func(*args, **kwargs)


def _indexed(one: Any) -> Any:
    """`cuda:0` for `cuda`: torch's core would ask CUDA which card that is."""
    return CUDA if isinstance(one, str | torch.device) and str(one) == "cuda" else one


def attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,  # noqa: ARG001
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """One kernel, as on a GPU: it keeps no matrix of tokens times tokens. Without dropout."""
    if enable_gqa:
        key, value = (one.repeat_interleave(query.shape[1] // one.shape[1], dim=1) for one in (key, value))
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        attn_mask = torch.zeros_like(attn_mask, dtype=query.dtype).masked_fill(~attn_mask, float("-inf"))
    kernel = aten._scaled_dot_product_flash_attention_for_cpu
    seen: Tensor = kernel(query, key, value, 0.0, is_causal, attn_mask=attn_mask, scale=scale)[0]
    return seen


ANSWERS: dict[str, Callable[..., Any]] = {
    "_lazy_init": lambda: None,
    "is_available": lambda: True,
    "is_initialized": lambda: True,
    "is_bf16_supported": lambda *_, **__: True,
    "device_count": lambda: 1,
    "current_device": lambda: 0,
    "set_device": lambda _: None,
    "mem_get_info": lambda *_: (FREE, TOTAL),
    "get_per_process_memory_fraction": lambda *_: 1.0,
    "memory_reserved": lambda *_: MEMORY.used,
    "memory_allocated": lambda *_: MEMORY.used,
    "empty_cache": lambda: None,
    "manual_seed_all": lambda _: None,
    "get_rng_state": torch.get_rng_state,
    "set_rng_state": lambda _: None,
    "is_current_stream_capturing": lambda: False,
}
"""What `torch.cuda` says."""


@contextmanager
def pretended_gpu() -> Iterator[Memory]:
    """Inside the block there is a GPU. Models are loaded in the thread that is in the block."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.dict("os.environ", {"HF_DEACTIVATE_ASYNC_LOAD": "1"}))
        for name, answer in ANSWERS.items():
            stack.enter_context(mock.patch(f"torch.cuda.{name}", answer))
        stream = mock.Mock(is_capturing=lambda: False)
        stack.enter_context(mock.patch("torch.accelerator.current_stream", lambda: stream))
        stack.enter_context(Calls())
        stack.enter_context(Operations())
        yield MEMORY
