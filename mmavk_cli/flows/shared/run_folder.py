"""The run folder that a command makes: `run.json` beside what it wrote. Its cards come after it: `cards.py`."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from mmavk_cli.base.files import atomic_folder
from mmavk_cli.base.run_record import RUN, Run, run_facts
from mmavk_cli.base.settings import Settings


@contextmanager
def new_run(out: Path, command: str, settings: Settings, keep: bool = False) -> Iterator[Run]:
    """A run folder that gets its name when the block ends well; until then it is `.NAME.unfinished`.

    With `keep` what an earlier attempt left there stays.

    Args:
        out: the folder.
        command: for `run.json`.
        settings: for `run.json`.
        keep: what an interrupted attempt left is kept.

    Raises:
        DataError: the folder already exists or cannot be made.
    """
    began = time.monotonic()
    with atomic_folder(out, keep) as folder:
        run = Run(folder)
        yield run
        run.write(RUN, run_facts(command, settings, began) | run.facts)


def run_or_none(out: Path | None, command: str, settings: Settings) -> AbstractContextManager[Run | None]:
    """A new run where a folder for it is named, else None.

    Raises:
        DataError: the folder already exists or cannot be made.
    """
    return nullcontext() if out is None else new_run(out, command, settings)
