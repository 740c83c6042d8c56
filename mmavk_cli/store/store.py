"""The store: knowledge and similarities on disk, each under a key made of all that decides it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from mmavk_cli.base.digest import SCHEME, digest, digest_file
from mmavk_cli.base.errors import DataError, KnowledgeError
from mmavk_cli.base.records import Json, Post
from mmavk_cli.base.suggest import near
from mmavk_cli.store import rows as keys
from mmavk_cli.store.database import DATABASE, VERIFY, Database
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.rows import EmbeddingRow, KnowledgeRow, NameRow, RecipeRow, Row, SimilarityRow, decode, encode

BATCH = 500
"""Rows a transaction of `put_all`: some ten milliseconds in which no other process can write."""

Written = Literal["new", "changed", "same"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one row."""

    key: str
    what: str


class Store:
    """Knowledge and similarities in a folder; a context manager, for one thread. Processes may share the folder.

    Args:
        folder: where the database is; made when it is missing, unless `read_only`.
        read_only: only read, at little cost; a folder that is missing reads as an empty store.
        timeout_s: seconds to wait while another process writes.

    Raises:
        DataError: the folder cannot be written, or the database is damaged.
    """

    def __init__(self, folder: Path, read_only: bool = False, timeout_s: float = 30.0) -> None:
        self._database = Database(folder, read_only, timeout_s)
        self.folder = self._database.folder
        self._recipes_put: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; the store is not used after."""
        self._database.close()

    def get_knowledge(self, subject: str, recipe: str) -> KnowledgeRow | None:
        """The row of a picture (`subject`) by a recipe's id: a text or a failure. None: never tried.

        Raises:
            DataError: the row was changed or is not plain text, or the database is damaged.
        """
        row = self._get(keys.knowledge_key(subject, recipe))
        return row if isinstance(row, KnowledgeRow) else None

    def put_knowledge(
        self, subject: str, recipe: Recipe, text: str, source: str = "", details: Json | None = None
    ) -> Written:
        """Keep the text about a picture; an earlier text or failure of the same key is replaced.

        Args:
            subject: a picture's digest, or an image id.
            recipe: what generated the text.
            text: the knowledge; may be empty.
            source: file that the picture was read from.
            details: what else is known of this text.

        Raises:
            DataError: the store cannot be written.
        """
        row = KnowledgeRow(subject=subject, recipe=recipe.id, text=text, source=source, details=details or {})
        return self._put_try(row, recipe)

    def put_failure(
        self, subject: str, recipe: Recipe, error: str, source: str = "", details: Json | None = None
    ) -> Written:
        """Keep why there is no text about a picture; a failure that is put again counts one more attempt.

        Args:
            subject: a picture's digest, or an image id.
            recipe: what was to generate a text.
            error: why there is none.
            source: file that the picture was read from.
            details: what else is known of this attempt.

        Raises:
            DataError: the store cannot be written.
        """
        details = details or {}
        row = KnowledgeRow(subject=subject, recipe=recipe.id, text=None, error=error, source=source, details=details)
        return self._put_try(row, recipe)

    def get_similarity(self, subject: str, text: str, scorer: str) -> float | None:
        """How related a text and a picture are in the eyes of `scorer` (an id), in [-1, 1]. None: never scored."""
        row = self._get(keys.similarity_key(subject, digest(text), scorer))
        return row.value if isinstance(row, SimilarityRow) else None

    def get_embedding(self, of: Literal["picture", "text"], subject: str, scorer: str) -> EmbeddingRow | None:
        """What `scorer` (an id) sees in a picture or a text (a digest). None: it was never asked."""
        row = self._get(keys.embedding_key(of, subject, scorer))
        return row if isinstance(row, EmbeddingRow) else None

    def put_recipe(self, recipe: Recipe, takes_name: bool = True) -> None:
        """Keep a recipe's content under its id and let its name stand for it; written once by each open store, and
        again where another process has removed it. Without `takes_name` a name that is in use stays where it is.
        """
        if recipe.id in self._recipes_put and self._database.get(keys.recipe_key(recipe.id)) is not None:
            return
        self.put(RecipeRow(recipe=recipe))
        if takes_name or self._get(keys.name_key(recipe.name)) is None:
            self.put(NameRow(name=recipe.name, recipe=recipe.id))
            self._recipes_put.add(recipe.id)

    def recipes(self) -> list[Recipe]:
        """All recipes, by name."""
        found = [row.recipe for row in self._under(keys.recipe_key("")) if isinstance(row, RecipeRow)]
        return sorted(found, key=lambda recipe: (recipe.name, recipe.id))

    def names(self) -> dict[str, str]:
        """Name → id of the recipe it stands for: the one that was written under it last."""
        return {row.name: row.recipe for row in self._under(keys.name_key("")) if isinstance(row, NameRow)}

    def resolve(self, name: str) -> Recipe:
        """The recipe of a name, or of the first digits of an id.

        Raises:
            KnowledgeError: there is none, or more than one begins so; near names are suggested.
        """
        recipes, names = {recipe.id: recipe for recipe in self.recipes()}, self.names()
        digits = name.removeprefix(f"{SCHEME}:")
        begin_so = [one for one in recipes if one.startswith(f"{SCHEME}:{digits}")]
        wanted = [names[name]] if name in names else begin_so
        found = [recipes[one] for one in wanted if digits and one in recipes]
        if len(found) == 1:
            return found[0]
        if found:
            raise KnowledgeError(f"{len(found)} recipes begin with {name!r}", str(self.folder), "Give more digits")
        empty = "The store is empty; import some: mmavk store import --help"
        raise KnowledgeError(f"no knowledge called {name!r}", str(self.folder), near(name, names) if names else empty)

    def remove(self, tag: str) -> int:
        """Remove a recipe (by id) with all its rows, or a scorer's similarities, all or none; how many rows went.

        Raises:
            DataError: the store cannot be written.
        """
        with self._database.writing() as cache, cache.transact():
            self._recipes_put.discard(tag)
            return int(cache.evict(tag))

    def rows(self, tag: str | None = None) -> Iterator[Row]:
        """All rows, or those of a recipe's id or a scorer, in the order they were written.

        Raises:
            DataError: a row that `verify` would name.
        """
        for found in self.scan(tag):
            if isinstance(found, Fault):
                raise DataError(found.what, found.key, VERIFY)
            yield found

    def scan(self, tag: str | None = None) -> Iterator[Row | Fault]:
        """Like `rows`, but a row that is not as it was written comes as a fault and the others go on."""
        for line in self._database.lines(tag):
            found = Fault(line.key, line.fault) if line.fault else _row(line.key, line.value)
            if not isinstance(found, Fault) and line.tag != found.tag:
                found = Fault(line.key, f"its tag is {line.tag!r}, not {found.tag!r}")
            yield found

    def verify(self, on_progress: Callable[[int, int], None] | None = None) -> list[Fault]:
        """Derive every row's key, tag and digest again, and look for rows whose recipe is not there.

        `on_progress` hears of the progress: rows done, rows in all.
        """
        faults = [Fault(DATABASE, what) for what in self._database.damage()]
        known: set[str] = set()
        used: dict[str, str] = {}
        total = self.count()
        for done, found in enumerate(self.scan(), 1):
            if on_progress is not None:
                on_progress(done, total)
            if isinstance(found, Fault):
                faults.append(found)
            elif isinstance(found, RecipeRow):
                known.add(found.recipe.id)
            elif isinstance(found, KnowledgeRow | NameRow):
                used.setdefault(found.recipe, found.key)
        faults += [Fault(key, "its recipe is not in the store") for recipe, key in used.items() if recipe not in known]
        return faults

    def count(self) -> int:
        """How many rows of all kinds there are."""
        return self._database.count()

    def about(self, what: str) -> list[Row]:
        """The rows under a key, or of a subject: a picture's digest, an image id with or without `id:DATASET/`."""
        if row := self._get(what):
            return [row]
        ends = (f"|{what}|", f"|id:{what}|", f"/{what}|")
        found = [key for prefix in ("knowledge|", "similarity|") for key in self._database.keys(prefix)]
        rows = (self._get(key) for key in found if _holds(key, ends))
        return [row for row in rows if row]

    def has_pictures(self, recipe: str) -> bool:
        """Whether any row of the recipe (by id) is kept under the digest of a picture."""
        return any(self._database.keys(f"knowledge|{SCHEME}:", recipe))

    def put(self, row: Row) -> Written:
        """Keep a row.

        Raises:
            DataError: the store cannot be written.
        """
        before, value = self._database.get(row.key), encode(row)
        if before == value:
            return "same"
        with self._database.writing() as cache:
            cache.set(row.key, value, tag=row.tag)
        return "new" if before is None else "changed"

    def put_all(self, rows: Iterable[Row]) -> Iterator[Written]:
        """Keep many rows, some hundreds a transaction.

        Raises:
            DataError: the store cannot be written.
        """
        batch: list[Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                yield from self._put_batch(batch)
                batch = []
        yield from self._put_batch(batch)

    def _put_batch(self, batch: Sequence[Row]) -> list[Written]:
        with self._database.writing() as cache, cache.transact():
            return [self.put(row) for row in batch]

    def _put_try(self, row: KnowledgeRow, recipe: Recipe) -> Written:
        with self._database.writing() as cache, cache.transact():  # a row and its recipe come, or are removed, together
            self.put_recipe(recipe, takes_name=row.error is None)
            before = self.get_knowledge(row.subject, row.recipe)
            tries = before.attempts + (before.error is not None) if before else 1
            return self.put(row.model_copy(update={"attempts": tries}))

    def _get(self, key: str) -> Row | None:
        value = self._database.get(key)
        if value is None:
            return None
        row = _row(key, value)
        if isinstance(row, Fault):
            raise DataError(row.what, row.key, VERIFY)
        return row

    def _under(self, prefix: str) -> Iterator[Row]:
        for key in list(self._database.keys(prefix)):
            if row := self._get(key):
                yield row


def knowledge_for(store: Store, recipe: str, dataset: str | None) -> Callable[[Post], str | None]:
    """A function that gives the text about a post's picture by one recipe (its id), None where there is none.

    It looks under the digest of the picture's bytes, where the store has any, then under the image id in `dataset`.
    """
    find = row_for(store, recipe, dataset)

    def text(post: Post) -> str | None:
        row = find(post)
        return row.text if row is not None else None

    return text


def row_for(store: Store, recipe: str, dataset: str | None) -> Callable[[Post], KnowledgeRow | None]:
    """The same, but the whole row."""
    by_picture = store.has_pictures(recipe)

    def find(post: Post) -> KnowledgeRow | None:
        row = None
        if by_picture and post.image is not None and post.image.is_file():
            row = store.get_knowledge(digest_file(post.image), recipe)
        if row is None and dataset is not None and post.image_id is not None:
            row = store.get_knowledge(keys.image_subject(dataset, post.image_id), recipe)
        return row

    return find


def _row(key: str, value: str) -> Row | Fault:
    try:
        row = decode(value)
    except DataError as error:
        return Fault(key, error.what)
    return row if row.key == key else Fault(key, f"the row belongs under {row.key}")


def _holds(key: str, parts: Sequence[str]) -> bool:
    return any(part in key for part in parts)
