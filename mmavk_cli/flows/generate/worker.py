"""The loop of `generate`: claim a batch, make it ready while the one before is at work, keep each row as it comes."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import decode, read_picture
from mmavk_cli.base.records import Json
from mmavk_cli.flows.generate.job import Generation, Job
from mmavk_cli.flows.generate.survey import LOOK, THREADS, Wanted, count_settled, is_open, survey
from mmavk_cli.flows.shared.interrupts import Stop
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.knowledge.generators.generator import NO_MEMORY, View, Written
from mmavk_cli.store.claims import Claims
from mmavk_cli.store.rows import knowledge_key
from mmavk_cli.store.store import Store

WRITING, BATCH = "writing", "batch"
"""Steps of the progress: a picture, and a batch, is finished."""

STARTING, LOADING = "starting", "loading the model"
"""Once, before the first batch; the latter where a large model comes first, which takes its time."""

WAITING = "waiting for another process"

POLL_S = 0.5
"""Seconds between two looks at what another process is at work on."""


def write_all(
    job: Job, files: tuple[Path, ...], store: Store, generation: Generation, on_progress: Progress, stop: Stop
) -> None:  # fmt: skip
    """Write about all pictures that have no text in the store yet; the generator's model is freed at the end.

    The recipe's name stands for it from the first text on, or when texts were there before: a run that makes none takes
    no name from another.

    Args:
        job: the generator and how it is run.
        files: the picture files.
        store: where texts are kept.
        generation: counts and notes of the run, updated here.
        on_progress: is called with the number of pictures done.
        stop: says whether an interrupt was requested.

    Raises:
        DataError: the store cannot be written. MissingError: weights, a package or the server are not there.
    """
    try:
        with Claims(store.folder) as claims:
            pending = survey(job, files, store, generation, on_progress, stop)
            if not stop.wanted:
                Worker(job, store, claims, generation, on_progress, stop).work(pending)
                store.put_recipe(job.generator.recipe, takes_name=generation.totals.counts["cached"] > 0)
    except BaseException:
        job.generator.abort()
        raise
    finally:
        generation.notes += job.generator.notes
    job.generator.free()


@dataclass(slots=True)
class _Batch:
    """Pictures that are claimed, and the threads that make them ready."""

    wanted: list[Wanted] = field(default_factory=list)
    views: "list[Future[View]]" = field(default_factory=list)


class Worker:
    """Makes what is pending. The store is written from one thread, each row as soon as it is there."""

    def __init__(
        self, job: Job, store: Store, claims: Claims, generation: Generation, on_progress: Progress, stop: Stop
    ) -> None:
        self._job, self._store, self._claims = job, store, claims
        self._generation, self._on_progress, self._stop = generation, on_progress, stop
        self._recipe = job.generator.recipe
        self._pending: list[Wanted] = []
        self._elsewhere: list[Wanted] = []
        self._left = 0
        self._pool = ThreadPoolExecutor(THREADS)

    def work(self, pending: list[Wanted]) -> None:
        """Make all of `pending`, largest first; ends early, after the batch in hand, when somebody asks to stop.

        What another process has claimed is waited for, and made here if that process dies.

        Raises:
            DataError: the store cannot be written. MissingError: weights, a package or the server are not there.
        """
        self._pending, self._left = pending[::-1], len(pending)
        try:
            self._tell(LOADING if pending and self._job.generator.large else STARTING)
            ahead = self._next() or self._next_of_others()
            while ahead is not None and not self._stop.wanted:
                now, ahead = ahead, self._next()
                self._make(now)
                if ahead is None and not self._stop.wanted:
                    ahead = self._next_of_others()
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _next(self) -> _Batch | None:
        """The next batch with anything to do, its pictures on their way to be ready."""
        batch = _Batch()
        while self._pending and not batch.wanted:
            room = self._job.generator.room(self._pending[-1].tokens)
            chosen = [self._pending.pop() for _ in range(min(room, len(self._pending)))]
            ours = self._claims.take([self._key(one) for one in chosen])
            self._elsewhere += [one for one in chosen if self._key(one) not in ours]
            batch.wanted = [one for one in chosen if self._key(one) in ours and not self._settled(one)]
        if not batch.wanted:
            return None
        batch.views = [self._pool.submit(self._view, one) for one in batch.wanted]
        return batch

    def _settled(self, one: Wanted) -> bool:
        """Whether another process has finished it since the survey; then it is given back. Asked after it is claimed:
        a row is written before its claim ends, so what is open now nobody else has paid for.
        """
        row = self._store.get_knowledge(one.subject, self._recipe.id)
        if is_open(row, self._job) and (row is None or row.attempts == one.attempts):
            return False
        count_settled(row, str(one.path), self._generation)
        self._done(one)
        return True

    def _next_of_others(self) -> _Batch | None:
        """What another process had claimed and did not finish, when it is free."""
        while self._elsewhere and not self._stop.wanted:
            self._tell(WAITING)
            self._pending, self._elsewhere = self._elsewhere[::-1], []
            if batch := self._next():
                return batch
            if self._elsewhere:
                time.sleep(POLL_S)
        return None

    def _view(self, one: Wanted) -> View:
        limits = self._job.limits
        picture = read_picture(one.path, limits)
        if picture.digest != one.subject:
            raise DataError("the file was changed while this ran", str(one.path), "Run it again")
        return self._job.generator.ready(decode(picture, limits))

    def _make(self, batch: _Batch) -> None:
        ready: list[tuple[Wanted, View]] = []
        for one, view in zip(batch.wanted, batch.views, strict=True):
            try:
                ready.append((one, view.result()))
            except DataError as error:
                self._keep(one, Written(None, error.what))
            except MemoryError:
                self._keep(one, Written(None, f"{NO_MEMORY} while it was decoded"))
        for place, written in self._job.generator.write([view for _, view in ready]):
            self._keep(ready[place][0], written)
        self._tell(BATCH)

    def _keep(self, one: Wanted, written: Written) -> None:
        details: Json = {**written.details, LOOK: f"{one.look:x}"}
        if written.text is None:
            error = written.error or "no text"
            self._store.put_failure(one.subject, self._recipe, error, str(one.path), details)
            self._generation.fail(str(one.path), error)
        else:
            self._store.put_knowledge(one.subject, self._recipe, written.text, str(one.path), details)
            self._generation.make(details)
        self._done(one)

    def _done(self, one: Wanted) -> None:
        self._claims.give_back([self._key(one)])
        self._left -= 1
        self._tell(WRITING)

    def _tell(self, step: str) -> None:
        pictures = self._generation.totals.counts["pictures"]
        self._on_progress(pictures - self._left, pictures, step)

    def _key(self, one: Wanted) -> str:
        return knowledge_key(one.subject, self._recipe.id)
