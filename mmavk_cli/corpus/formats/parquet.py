"""A folder of Hugging Face `datasets`: Parquet as `load_dataset(FOLDER)` reads it, or what `save_to_disk` wrote."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError, MissingError
from mmavk_cli.base.files import atomic_binary
from mmavk_cli.base.records import BadRow, Counted, Json, Post, Rows
from mmavk_cli.corpus.formats.format import Put
from mmavk_cli.corpus.formats.json_fields import to_own
from mmavk_cli.corpus.jsonl import post_of

BATCH = 512
"""Rows that are held in memory."""

COLUMNS = {"id": "id", "text": "text", "words": "tokens", "tags": "ner_tags", "image_id": "image_id", "image": "image"}
"""Our field → the column, as in CoNLL-2003 and WNUT-17 on the hub."""

OTHER_NAMES = {"words": ("words",), "tags": ("tags", "labels")}

SPLIT = re.compile(r"(train|validation|valid|val|dev|test)(?=[-._]|$)")
_VALID = {"validation", "val", "dev"}


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """One split of a folder: Parquet, or the Arrow stream of `save_to_disk`."""

    name: str = "hf"
    suffix: str = ".parquet"

    def read(self, path: Path, counted: Counted) -> Rows:  # noqa: ARG002 (tags are of whole words)
        """The posts of a file; a row that cannot be one is a `BadRow`."""
        number = 0
        for schema, rows in _batches(path):
            names = _tag_names(schema)
            for row in rows:
                number += 1
                where, name = f"{path}:{number}", f"{path.stem}-{number}"
                try:
                    own = _own(row, names, where)
                    yield post_of(own, str(own.get("id") or name), path.parent, where)
                except DataError as error:
                    yield BadRow(str(row.get("id") or name), error.problem())

    def record(self, post: Post, folder: Path) -> Json:
        """The post's row."""
        own = to_own(post, folder) | {"words": post.raw_words(), "tags": post.tags and list(post.tags)}
        return {column: own.get(field) for field, column in COLUMNS.items()}

    def post(self, record: Json, folder: Path) -> Post:
        """The post that a row is read as."""
        return post_of(_own(record, None, ""), str(record["id"]), folder, "")

    @contextmanager
    def writer(self, path: Path) -> Iterator[Put]:
        """Writes rows into a Parquet file, a group at a time."""
        pyarrow = _pyarrow()
        text, texts = pyarrow.string(), pyarrow.list_(pyarrow.string())
        fields = [(column, texts if field in {"words", "tags"} else text) for field, column in COLUMNS.items()]
        schema = pyarrow.schema(fields)
        waiting: list[Json] = []
        with atomic_binary(path) as handle, pyarrow.parquet.ParquetWriter(handle, schema) as parquet:

            def flush() -> None:
                parquet.write_table(pyarrow.Table.from_pylist(waiting, schema=schema))
                waiting.clear()

            def put(row: Json) -> None:
                waiting.append(row)
                if len(waiting) == BATCH:
                    flush()

            yield put
            flush()


def hf_files(folder: Path) -> dict[str, list[Path]]:
    """Split → its files, of a folder that `load_dataset` or `load_from_disk` reads; empty where it is none."""
    found: dict[str, list[Path]] = {}
    for path in sorted([*folder.glob("*.parquet"), *folder.glob("data/*.parquet"), *folder.glob("*/*.arrow")]):
        named = path.parent.name if path.suffix == ".arrow" else path.name
        if match := SPLIT.match(named):
            found.setdefault("valid" if match[1] in _VALID else match[1], []).append(path)
    return found


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingError("pyarrow is not installed", "hf", "Run: pip install 'mmavk[formats]'") from error
    return pyarrow


def _batches(path: Path) -> Iterator[tuple[Any, list[Json]]]:
    pyarrow = _pyarrow()
    try:
        if path.suffix == ".arrow":
            with path.open("rb") as handle, pyarrow.ipc.open_stream(handle) as stream:
                for batch in stream:
                    yield stream.schema, batch.to_pylist()
        else:
            with pyarrow.parquet.ParquetFile(path) as parquet:
                for batch in parquet.iter_batches(BATCH):
                    yield parquet.schema_arrow, batch.to_pylist()
    except OSError as error:
        raise DataError(f"cannot read: {error}", str(path), "Check the path") from error
    except pyarrow.ArrowException as error:
        raise DataError(f"not a file of a data set: {error}", str(path), "Make it again") from error


def _tag_names(schema: Any) -> list[str] | None:
    """The names of tags that are numbers, as `datasets` writes its `ClassLabel`; None where they are not named."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        column = next(features[name] for name in (COLUMNS["tags"], *OTHER_NAMES["tags"]) if name in features)
        feature = column.get("feature", column[0] if isinstance(column, list) else None)
        return list(feature["names"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, StopIteration):
        return None


def _own(row: Json, names: list[str] | None, where: str) -> Json:
    own: Json = {}
    for field, column in COLUMNS.items():
        own[field] = next((row[name] for name in (column, *OTHER_NAMES.get(field, ())) if name in row), None)
    if isinstance(own["image"], dict):  # the `Image` feature: the picture's bytes, which stay there, and its path
        own["image"] = own["image"].get("path")
    tags = own["tags"]
    if isinstance(tags, list) and any(isinstance(tag, int) for tag in tags):
        if names is None or not all(isinstance(tag, int) and 0 <= tag < len(names) for tag in tags):
            raise DataError("tags are numbers that the file does not name", where, "Write their names, or a ClassLabel")
        own["tags"] = [names[tag] for tag in tags]
    return own
