"""store: look at the knowledge store, check it, take it out, remove from it. What brings knowledge in: store_import."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from mmavk_cli.base.errors import KnowledgeError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.images import read_picture
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import Common, StorePlace, setting
from mmavk_cli.flows.shared.knowledge.clip_lookup import GENERATOR
from mmavk_cli.flows.shared.options import KNOWLEDGE, OUT, Printed
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.rows import KnowledgeRow, Row, SimilarityRow, encode, is_digest
from mmavk_cli.store.store import Fault, Store


class ListSettings(Printed, StorePlace, Common):
    """Options of `mmavk store ls`."""


class ShowSettings(Printed, StorePlace, Common):
    """Options of `mmavk store show`."""

    what: str = setting(..., "A picture's file, an image id, the name of knowledge, or a row's key.", argument=True)


class VerifySettings(Printed, StorePlace, Common):
    """Options of `mmavk store verify`."""


class ExportSettings(StorePlace, Common):
    """Options of `mmavk store export`."""

    knowledge: str | None = setting(None, KNOWLEDGE, here="[default: all]", flag_only=True, metavar="NAME")
    out: Path | None = setting(None, OUT, here="a file. [default: standard output]")


class RemoveSettings(Printed, StorePlace, Common):
    """Options of `mmavk store rm`."""

    knowledge: str = setting(..., KNOWLEDGE, here="Or a scorer, in the same way.", flag_only=True, metavar="NAME")
    yes: bool = setting(False, "Do not ask for confirmation.", "--yes", "-y")


@dataclass(frozen=True, slots=True)
class Kept:
    """What the store has by one recipe. `current`: its name stands for it, not for a later recipe of that name."""

    name: str
    id: str
    current: bool
    by_picture: int
    by_image_id: int
    failed: int
    recipe: Json


@dataclass(frozen=True, slots=True)
class Listing:
    """All that is in a store; `similarities` counts by scorer (its name and the first digits of its id, or the id where
    it has no name), `faults` the rows that `verify` would name.
    """

    store: str
    knowledge: tuple[Kept, ...]
    similarities: dict[str, int]
    faults: int

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self)


def list_store(settings: ListSettings, on_progress: Progress) -> Listing:
    """What is in the store, by recipe and by scorer.

    Raises:
        DataError: the database is damaged.
    """
    counts: Counter[tuple[str, str]] = Counter()
    similarities: Counter[str] = Counter()
    faults = 0
    with _reading(settings) as store:
        for row in _watched(store.scan(), store.count(), on_progress):
            if isinstance(row, Fault):
                faults += 1
            elif isinstance(row, SimilarityRow):
                similarities[row.scorer] += 1
            elif isinstance(row, KnowledgeRow):
                counts[row.recipe, _kind(row)] += 1
        names = store.names()
        recipes = store.recipes()
        labels = {recipe.id: recipe.label for recipe in recipes if recipe.generator == GENERATOR}
        kept = tuple(_kept(recipe, names, counts) for recipe in recipes if recipe.id not in labels)
        scored = {labels.get(scorer, scorer): rows for scorer, rows in sorted(similarities.items())}
        return Listing(str(store.folder), kept, scored, faults)


def _kind(row: KnowledgeRow) -> str:
    if row.text is None:
        return "failed"
    return "picture" if is_digest(row.subject) else "id"


def _kept(recipe: Recipe, names: dict[str, str], counts: Counter[tuple[str, str]]) -> Kept:
    by_picture, by_image_id, failed = (counts[recipe.id, kind] for kind in ("picture", "id", "failed"))
    current = names.get(recipe.name) == recipe.id
    return Kept(recipe.name, recipe.id, current, by_picture, by_image_id, failed, recipe.model_dump())


def show(settings: ShowSettings) -> list[Json]:
    """The rows about a picture, an image id or a key; or the recipe behind a name. Each with its key.

    Raises:
        KnowledgeError: the store has nothing about it. DataError: the row or the database is damaged.
    """
    with _reading(settings) as store:
        names = {recipe.id: recipe.name for recipe in store.recipes()}
        path = Path(settings.what)
        found = store.about(read_picture(path).digest if path.is_file() else settings.what)
        if found:
            return [_shown(row, names) for row in found]
        try:
            recipe = store.resolve(settings.what)
        except KnowledgeError as error:
            what = f"nothing about {settings.what!r} in the store"
            raise KnowledgeError(what, str(store.folder), error.do) from None
        return [{"id": recipe.id, **recipe.model_dump()}]


def _shown(row: Row, names: dict[str, str]) -> Json:
    name = {"name": names.get(row.recipe, "?")} if isinstance(row, KnowledgeRow) else {}
    return {"key": row.key, **name, **row.model_dump(exclude_none=True)}


def verify(settings: VerifySettings, on_progress: Progress) -> tuple[int, list[Fault]]:
    """How many rows there are, and what is wrong with any.

    Raises:
        DataError: the database is too damaged to be read.
    """
    with _reading(settings) as store:
        return store.count(), store.verify(on_progress)


def export(settings: ExportSettings, write: Callable[[str], object], on_progress: Progress) -> tuple[int, list[Fault]]:
    """Write the rows as JSON Lines, to `--out` or through `write`; rows written, and those that are not as they were.

    Raises:
        KnowledgeError: no such knowledge. DataError: the file cannot be written, the database is damaged.
    """
    with _reading(settings) as store:
        tag = store.resolve(settings.knowledge).id if settings.knowledge else None
        rows = _watched(store.scan(tag), store.count(), on_progress)
        if settings.out is None:
            return _export(rows, write)
        with atomic_write(settings.out) as handle:
            return _export(rows, handle.write)


def _export(rows: Iterator[Row | Fault], write: Callable[[str], object]) -> tuple[int, list[Fault]]:
    written, faults = 0, []
    for row in rows:
        if isinstance(row, Fault):
            faults.append(row)
        else:
            write(encode(row) + "\n")
            written += 1
    return written, faults


def remove(settings: RemoveSettings, agreed: Callable[[str, int], bool]) -> int:
    """Remove knowledge or a scorer's similarities, when `agreed` (what, how many rows) says so; how many rows went.

    Raises:
        KnowledgeError: no such knowledge. DataError: the store cannot be written.
    """
    with _reading(settings) as store:
        tag, label = _removable(store, settings.knowledge)
        rows = sum(1 for _ in store.scan(tag))
    if not (settings.yes or agreed(label, rows)):
        return 0
    with Store(store_folder(settings.store)) as store:
        return store.remove(tag)


def _removable(store: Store, name: str) -> tuple[str, str]:
    try:
        recipe = store.resolve(name)
    except KnowledgeError:
        if next(store.scan(name), None) is None:
            raise
        return name, name
    return recipe.id, recipe.label


def _reading(settings: StorePlace) -> Store:
    return Store(store_folder(settings.store), read_only=True)


def _watched(rows: Iterator[Row | Fault], total: int, on_progress: Progress) -> Iterator[Row | Fault]:
    for done, row in enumerate(rows, 1):
        on_progress(done, total)
        yield row
