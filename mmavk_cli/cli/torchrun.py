"""Under `torchrun` the first process speaks for all: what befalls every process is told once."""

import io
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stderr

GRACE = 20.0
"""Seconds that a process with a fault leaves the first one to tell the same; then torchrun ends them all."""


def only_rank_0_prints() -> AbstractContextManager[None]:
    """Where a command runs: nothing special, but for the processes of `torchrun` behind the first."""
    follows = "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("RANK", "0") != "0"
    return _printed_on_failure() if follows else nullcontext()


@contextmanager
def _printed_on_failure() -> Iterator[None]:
    """What the block says on stderr is told only if it fails, and torchrun has not ended this process after `GRACE`."""
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            yield
    except BaseException as error:
        if not isinstance(error, SystemExit) or error.code:
            time.sleep(GRACE)
            sys.stderr.write(said.getvalue())
        raise
