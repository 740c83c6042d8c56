"""The run folder that a command makes: `run.json` beside what it wrote, and a card that tells all of it to people."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmavk_cli.base.files import atomic_folder
from mmavk_cli.base.run_record import RUN, Run, told
from mmavk_cli.base.settings import Settings


@contextmanager
def new_run(out: Path, command: str, settings: Settings, keep: bool = False) -> Iterator[Run]:
    """A run folder that gets its name when the block ends well; until then it is `.NAME.unfinished`.

    With `keep` what an earlier attempt left there stays. The cards come last, so that no fault in them costs a run.

    Raises:
        DataError: the folder is already there or cannot be made.
    """
    from mmavk_cli.flows.card import write_cards  # `mmavk tag` without --out does not wait for it

    began = time.monotonic()
    with atomic_folder(out, keep) as folder:
        run = Run(folder)
        yield run
        run.write(RUN, told(command, settings, began) | run.facts)
    write_cards(out)
