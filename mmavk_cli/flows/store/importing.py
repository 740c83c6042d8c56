"""store import: a file of published knowledge, or an export of a store → rows of the store."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from mmavk_cli.base.digest import digest_file, short
from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.paths import SPLITS, dataset_folder, splits_in, store_folder
from mmavk_cli.base.records import Counted, Json, Post
from mmavk_cli.base.settings import Common, DataFolder, StorePlace, setting
from mmavk_cli.corpus.dataset import load_split
from mmavk_cli.flows.shared.options import DATASET, Printed
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.knowledge.generators.registry import GENERATORS
from mmavk_cli.knowledge.importing import (
    Format,
    Imported,
    detect_format,
    import_recipe,
    read_blip2,
    read_export,
    read_pgim,
)  # fmt: skip
from mmavk_cli.store.rows import KnowledgeRow, Row, image_subject
from mmavk_cli.store.store import Store

RESERVED = {"none", *GENERATORS}
"""Names that imported knowledge cannot have: those of generators, and of no knowledge."""

NOTES: dict[Format, tuple[str, ...]] = {
    "blip2": ("The file has no pictures: the texts are kept by image id, not by a picture's bytes.",),
    "pgim": (
        "The archive has no pictures and no image ids: tweets are joined by their words, texts kept by image id.",
        "PGIM's texts were written with the tweet in view; MMAVK's knowledge is written from the picture alone.",
    ),
    "export": (),
}
"""What somebody who imports must know."""


class ImportSettings(Printed, DataFolder, StorePlace, Common):
    """Options of `mmavk store import`."""

    file: Path = setting(..., "BLIP-2 captions, a PGIM zip, or an export of a store.", argument=True)
    dataset: str | None = setting(
        None, DATASET, here="The texts belong to it; an export of a store names its own.", metavar="NAME"
    )
    knowledge_name: str | None = setting(
        None, "Name of the knowledge, for --knowledge. [default: the format's, blip2 or pgim]"
    )


@dataclass(frozen=True, slots=True)
class Import:
    """What was imported. `counts` say what became of every text and post."""

    file: str
    format: Format
    name: str | None
    recipe: str | None
    dataset: str | None
    keyed_by: str
    counts: dict[str, int]
    notes: tuple[str, ...]

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self)


def import_knowledge(settings: ImportSettings, on_progress: Progress) -> Import:
    """Read the file, join it to the data set, keep what fits.

    Raises:
        UsageError: no `--dataset`, a name that cannot be, or either beside an export.
        DataError: the file or the data set cannot be read, or nothing in it fits.
    """
    kind = detect_format(settings.file)
    counted = Counted()
    if kind == "export":
        return _import_export(settings, counted, on_progress)
    name = _name(settings, kind)
    recipe = import_recipe(name, kind)
    posts = _posts(settings)
    counted.add("posts", sum(map(len, posts.values())))
    source = f"{settings.file.name} ({short(digest_file(settings.file))})"
    subjects = _subjects(settings, kind, posts, counted)
    rows = [
        KnowledgeRow(subject=image_subject(str(settings.dataset), image_id), recipe=recipe.id, text=text, source=source)
        for image_id, text in subjects.items()
    ]
    if not rows:
        advice = "Check --dataset, or the file"
        raise DataError(f"no text in it belongs to a post of {settings.dataset}", str(settings.file), advice)
    with Store(store_folder(settings.store)) as store:
        store.put_recipe(recipe)
        _put(store, rows, len(rows), counted, on_progress)
    counted.add("posts_without_text", counted.counts["posts"] - len(rows))
    notes = NOTES[kind]
    return Import(
        str(settings.file), kind, name, recipe.id, settings.dataset, "image id", counted.counts, notes
    )  # fmt: skip


def _subjects(settings: ImportSettings, kind: Format, posts: dict[str, list[Post]], counted: Counted) -> dict[str, str]:
    """Image id → text, of the posts of the data set alone."""
    texts: Iterable[Imported]
    texts = read_blip2(settings.file, counted) if kind == "blip2" else read_pgim(settings.file, posts, counted)
    known = {post.image_id for own in posts.values() for post in own}
    found: dict[str, str] = {}
    for text in texts:
        if text.image_id not in known:
            counted.add("texts_of_no_post")
        elif text.image_id in found:
            counted.add("repeated_image_ids")
        else:
            found[text.image_id] = text.text
    return found


def _put(store: Store, rows: Iterable[Row], total: int, counted: Counted, on_progress: Progress) -> None:
    names = {"new": "rows_new", "changed": "rows_replaced", "same": "rows_same"}
    for done, written in enumerate(store.put_all(rows), 1):
        counted.add(names[written])
        on_progress(done, total)


def _import_export(settings: ImportSettings, counted: Counted, on_progress: Progress) -> Import:
    for flag, value in (("--dataset", settings.dataset), ("--knowledge-name", settings.knowledge_name)):
        if value is not None:
            raise UsageError("an export has its own names and data sets", flag, f"Leave {flag} out")
    total = sum(1 for _ in read_export(settings.file, Counted()))
    if not total:
        raise DataError("no row of a store in it", str(settings.file), "Was it written by: mmavk store export?")
    with Store(store_folder(settings.store)) as store:
        _put(store, read_export(settings.file, counted), total, counted, on_progress)
    keyed = "as it was"
    return Import(str(settings.file), "export", None, None, None, keyed, counted.counts, NOTES["export"])


def _name(settings: ImportSettings, kind: Format) -> str:
    name = kind if settings.knowledge_name is None else settings.knowledge_name
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]*", name):
        raise UsageError(
            f"invalid name {name!r}", "--knowledge-name", "Begin with a letter; go on with letters, digits and ._-"
        )
    if name in RESERVED:
        raise UsageError(f"{name!r} is a generator's name", "--knowledge-name", "Choose another")
    return name


def _posts(settings: ImportSettings) -> dict[str, list[Post]]:
    """The posts of every split that the data set has."""
    if settings.dataset is None:
        raise UsageError("the texts belong to a data set's images", "--dataset", "Name it, as in --dataset twitter2017")
    folder = dataset_folder(settings.dataset, settings.data_dir)
    there = splits_in(folder)
    if not there:
        raise DataError(f"no split of a data set in it ({', '.join(SPLITS)})", str(folder), "Check --dataset")
    return {split: list(load_split(folder, split)) for split in there}
