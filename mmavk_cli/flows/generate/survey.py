"""Before anything is paid for: which pictures are the same, done, unreadable, or placeholders."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mmavk_cli.base.digest import digest_file
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import PictureLimits, decode, read_picture
from mmavk_cli.flows.generate.job import Generation, Job
from mmavk_cli.flows.shared.interrupts import Stop
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.knowledge.generators.generator import NO_MEMORY
from mmavk_cli.knowledge.generators.vlm.resize import Looks, look, placeholders
from mmavk_cli.store.rows import PLACEHOLDER, KnowledgeRow
from mmavk_cli.store.store import Store

THREADS = 4
"""Pictures that are read at once; Pillow decodes outside Python's lock."""

READING, LOOKING = "reading", "looking"
"""Steps of the progress: a file's bytes are read, a picture is decoded."""

LOOK = "look"
"""In the details of a row: the picture's look, so that it is decoded once in its life."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture that needs a text: its digest, one of its files, what it costs, its look, earlier attempts."""

    subject: str
    path: Path
    tokens: int
    look: int
    attempts: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture after it was decoded; `error` where that failed."""

    look: int | None = None
    size: tuple[int, int] = (0, 0)
    error: str = ""


def survey(
    job: Job, files: tuple[Path, ...], store: Store, generation: Generation, on_progress: Progress, stop: Stop
) -> list[Wanted]:
    """The pictures that need a text, those that cost most first: where memory is short, it is short at once. What was
    tried before comes after what was tried less, lest a few that always fail keep the others from their turn. Rows of
    pictures that cannot be read, and of placeholders, are written on the way.

    Args:
        job: the generator and how it is run.
        files: the picture files.
        store: where texts are kept.
        generation: counts and notes of the run, updated here.
        on_progress: is called with the number of pictures read.
        stop: says whether an interrupt was requested.

    Raises:
        DataError: the store cannot be written. MissingError: the generator cannot be asked.
    """
    paths: dict[str, Path] = {}
    of_file: list[str] = []
    for path, (subject, error) in in_threads(lambda path: _subject(path, job.limits), files, stop):
        generation.totals.add("files")
        if subject:
            paths.setdefault(subject, path)
            of_file.append(subject)
        else:
            generation.fail(str(path), error)
        on_progress(generation.totals.counts["files"], len(files), READING)
    rows = {subject: store.get_knowledge(subject, job.generator.recipe.id) for subject in paths}
    todo = [subject for subject in paths if is_open(rows[subject], job)]
    if not stop.wanted and any(_in_part(subject, job.part) for subject in todo):
        job.generator.check()
    seen: dict[str, _Seen] = {}
    for subject, one in in_threads(lambda subject: _seen(paths[subject], job.limits), todo, stop):
        seen[subject] = one
        on_progress(len(seen), len(todo), LOOKING)
    looks = {subject: _look(rows[subject], seen.get(subject)) for subject in paths}
    empty = placeholders([Looks(subject, looks[subject]) for subject in of_file], job.placeholder)
    pending: list[Wanted] = []
    for subject, path in paths.items():
        if stop.wanted or not _in_part(subject, job.part):
            continue
        generation.totals.add("pictures")
        row, found = rows[subject], seen.get(subject)
        if subject in empty:
            details = {PLACEHOLDER: empty[subject]} | ({LOOK: f"{looks[subject]:x}"} if looks[subject] else {})
            if row is None or row.text != "":
                store.put_knowledge(subject, job.generator.recipe, "", str(path), details)
            generation.totals.add("placeholders")
        elif found is None:
            count_settled(row, str(path), generation)
        elif found.look is None:
            store.put_failure(subject, job.generator.recipe, found.error, str(path))
            generation.fail(str(path), found.error)
        else:
            cost = job.generator.tokens(*found.size)
            pending.append(Wanted(subject, path, cost, found.look, row.attempts if row else 0))
    return sorted(pending, key=lambda wanted: (wanted.attempts, -wanted.tokens))


def is_open(row: KnowledgeRow | None, job: Job) -> bool:
    """Whether a picture with this row still needs a text. One that was taken for a placeholder does where none is to be
    taken for one.
    """
    if row is None or not job.retry_failed:
        return row is None
    return row.text is None or (PLACEHOLDER in row.details and not job.placeholder)


def count_settled(row: KnowledgeRow | None, where: str, generation: Generation) -> None:
    """Count a picture that is not written about, because the store has a text or a failure of it."""
    if row is not None and row.text is None:
        generation.failed_before(where, row.error or "no text")
    else:
        generation.totals.add("cached")


def in_threads(work: Callable[[T], R], items: Iterable[T], stop: Stop) -> Iterator[tuple[T, R]]:
    """What `work` makes of each item, in order, a few at once; ends early when somebody asks to stop."""
    pool = ThreadPoolExecutor(THREADS)
    ahead: deque[tuple[T, Callable[[], R]]] = deque()
    try:
        for item in items:
            if stop.wanted:
                return
            ahead.append((item, pool.submit(work, item).result))
            if len(ahead) > 2 * THREADS:
                first, result = ahead.popleft()
                yield first, result()
        while ahead:
            first, result = ahead.popleft()
            yield first, result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _subject(path: Path, limits: PictureLimits) -> tuple[str, str]:
    """The digest of a picture's bytes, or why there is none. A file that is empty or too large has a digest as well:
    its row says what is wrong with it.
    """
    try:
        return read_picture(path, limits).digest, ""
    except DataError as error:
        try:
            return (digest_file(path), "") if path.is_file() else ("", error.what)
        except OSError:
            return "", error.what


def _seen(path: Path, limits: PictureLimits) -> _Seen:
    try:
        image = decode(read_picture(path, limits), limits)
        return _Seen(look(image), image.size)
    except (DataError, MemoryError) as error:
        return _Seen(error=error.what if isinstance(error, DataError) else f"{NO_MEMORY} while it was decoded")


def _look(row: KnowledgeRow | None, seen: _Seen | None) -> int | None:
    if seen is not None:
        return seen.look
    found = row.details.get(LOOK) if row else None
    return int(found, 16) if isinstance(found, str) else None


def _in_part(subject: str, part: tuple[int, int]) -> bool:
    """Shares are made by digest: they are equal in size, and the same on every machine."""
    return int(subject.partition(":")[2][:12], 16) % part[1] == part[0]
