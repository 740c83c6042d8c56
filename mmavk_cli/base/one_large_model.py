"""At most one large model in memory."""

import gc
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from mmavk_cli.base.device import empty_cache, is_out_of_memory
from mmavk_cli.base.errors import MemoryShortError, MmavkError

M = TypeVar("M")


class ExclusiveModel(Generic[M]):
    """At most one large model in memory: it is loaded when it is first asked for, and freed before another may be.

    Nobody but this keeps it: take `.model` where it is used, and let go. Two large models at once are a bug of the
    program, reported as such rather than by a card that is full.

    Args:
        name: what to call it in messages.
        load: makes it; called once, and again if it is asked for after `free`.
        end: called with it before it is let go, for what does not end by itself.
        smaller: what a user can do where it does not fit.
    """

    _held: "weakref.ref[Any] | None" = None
    _holder = ""

    def __init__(
        self,
        name: str,
        load: Callable[[], M],
        end: Callable[[M], None] | None = None,
        smaller: str = "Take a smaller model",
    ) -> None:
        self.name, self._load, self._end, self._smaller = name, load, end, smaller
        self._model: M | None = None

    @property
    def model(self) -> M:
        """The model.

        Raises:
            MmavkError: another large model is still loaded. MemoryShortError: it does not fit. What `load` raises.
        """
        if self._model is None:
            gc.collect()  # one that a failure left behind may wait for it
            if ExclusiveModel.loaded():
                raise MmavkError(f"{ExclusiveModel._holder} is still loaded", self.name, "Report it")
            try:
                self._model = self._load()
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                raise MemoryShortError("it does not fit into memory", self.name, self._smaller) from error
            ExclusiveModel._held, ExclusiveModel._holder = weakref.ref(self._model), self.name
        return self._model

    def free(self) -> None:
        """Let go of the model and give its memory back; nothing where it was not loaded.

        Raises:
            MmavkError: something else still holds it.
        """
        if self._model is None:
            return
        if self._end is not None:
            self._end(self._model)
        self._model = None
        empty_cache()
        if ExclusiveModel.loaded():
            raise MmavkError("the model is still held after it was freed", self.name, "Report it")

    @staticmethod
    def loaded() -> bool:
        """Whether a large model is in memory now."""
        return ExclusiveModel._held is not None and ExclusiveModel._held() is not None
