"""Ctrl-C in two steps: the first asks to finish what is in hand, the second ends at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Stop:
    """Whether somebody asked for an end."""

    wanted: bool = False


@contextmanager
def stoppable(warned: Callable[[], None]) -> Iterator[Stop]:
    """Inside the block the first Ctrl-C sets `wanted` and calls `warned`, the second raises KeyboardInterrupt.

    In another thread than the main one, where signals cannot be heard, nothing changes.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def heard(number: int, frame: FrameType | None) -> None:
        if stop.wanted:
            signal.default_int_handler(number, frame)
        stop.wanted = True
        warned()

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
