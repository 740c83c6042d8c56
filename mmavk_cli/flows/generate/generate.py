"""generate: a data set, a folder or posts → knowledge about their pictures, in the store."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import field_validator

from mmavk_cli.base.images import PictureLimits
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.run_record import Run
from mmavk_cli.base.settings import Common, StorePlace, setting
from mmavk_cli.flows.generate.job import Generation, Job
from mmavk_cli.flows.generate.pictures import find_pictures
from mmavk_cli.flows.generate.worker import BATCH, write_all
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.interrupts import stoppable
from mmavk_cli.flows.shared.options import OUT, Printed, RetryFailed
from mmavk_cli.flows.shared.post_source import PostSource
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.flows.shared.run_folder import run_or_none
from mmavk_cli.knowledge.generators.generator import Generator
from mmavk_cli.knowledge.generators.registry import GENERATOR, GeneratorSettings, make_generator
from mmavk_cli.store.store import Store


class GenerateSettings(Printed, RetryFailed, GeneratorSettings, PictureLimits, PostSource, StorePlace, Common):
    """Options of `mmavk generate`."""

    generator: str = setting("qwen2vl", GENERATOR)
    limit: int | None = setting(None, "Only this many picture files, from the first.", ge=1)
    shard: str | None = setting(
        None, "One part of the pictures, `3/8` is the third of eight, to share them between machines."
    )
    # 524 pictures of Twitter-2017 are one placeholder, 201 of Twitter-2015; a picture people share comes a few times
    placeholder: int = setting(
        20,
        "A picture that comes so many times is taken for a placeholder and gets empty knowledge; 0: none is, and"
        " --retry-failed writes about those that were.",
        ge=0,
    )
    out: Path | None = setting(None, OUT, here="run folder with run.json, metrics.jsonl and failures.json.")

    @field_validator("shard")
    @classmethod
    def _part(cls, value: str | None) -> str | None:
        if value is not None:
            found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", value, re.ASCII)
            if not found or not 1 <= int(found[1]) <= int(found[2]):
                raise ValueError("write PART/PARTS, 3/8 for the third of eight")
        return value

    @property
    def part(self) -> tuple[int, int]:
        """Which part of how many, counted from 0."""
        if self.shard is None:
            return 0, 1
        part, parts = self.shard.split("/")
        return int(part) - 1, int(parts)


def generate(
    settings: GenerateSettings, generation: Generation, on_progress: Progress, on_stop: Callable[[], None]
) -> None:
    """Write knowledge about all pictures that have none yet.

    Args:
        settings: what is asked for.
        generation: the result; it is filled while this runs, so that it is there when this ends with an error too.
        on_progress: gets pictures done and in all, and the step.
        on_stop: called when Ctrl-C asks it to stop.

    Raises:
        UsageError, MissingError: no such generator, its weights, packages or server are not there.
        DataError: no pictures; the store cannot be written.
    """
    generator = make_generator(settings.generator, settings)
    found = find_pictures(settings.dataset, settings.input_path, settings, settings.limit)
    generation.recipe = generator.recipe.label  # weights are asked for when it is known what for
    generation.notes = found.notes
    for where, reason in found.faults:
        generation.fail(where, reason)
    generation.totals.add("missing", found.missing)
    try:
        job = Job(generator, settings, settings.part, settings.placeholder, settings.retry_failed)
        with _run_folder(settings, generator, generation) as run, stoppable(on_stop) as stop:
            with Store(store_folder(settings.store)) as store:
                write_all(job, found.files, store, generation, _logged(on_progress, run, generation), stop)
            if stop.wanted:
                generation.stopped = True
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        if not generation.stopped:
            raise


@contextmanager
def _run_folder(settings: GenerateSettings, generator: Generator, generation: Generation) -> Iterator[Run | None]:
    with run_or_none(settings.out, "generate", settings) as run:
        yield run
        if run is not None:
            recipe = generator.recipe
            run.facts |= {**generation.as_json(), "recipe": recipe.model_dump() | {"id": recipe.id}}
            run.write("failures.json", generation.failures_json())
    if settings.out is not None:
        write_cards(settings.out)


def _logged(on_progress: Progress, run: Run | None, generation: Generation) -> Progress:
    """The same progress; each finished batch goes into the log of the run too."""

    def moved(done: int, total: int | None = None, /, step: str = "") -> None:
        on_progress(done, total, step)
        if run is not None and step == BATCH:
            run.log(dict(generation.totals.counts))

    return moved
