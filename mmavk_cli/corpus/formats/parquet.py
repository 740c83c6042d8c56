"""A folder of Hugging Face `datasets`: Parquet as `load_dataset(FOLDER)` reads it, or what `save_to_disk` wrote."""

import json
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError, MissingError, install
from mmavk_cli.base.files import atomic_binary
from mmavk_cli.base.records import BadRow, Counted, Json, Post, Rows
from mmavk_cli.corpus.fields import TAGS, WORDS, TagNames, own_fields
from mmavk_cli.corpus.formats.format import Put
from mmavk_cli.corpus.formats.json_fields import to_own
from mmavk_cli.corpus.jsonl import Reading, post_of
from mmavk_cli.corpus.tag_schemes import Scheme, TagSurvey

BATCH = 512
"""Rows that are held in memory."""

COLUMNS = {"id": "id", "text": "text", "words": "tokens", "tags": "ner_tags", "image_id": "image_id", "image": "image"}
"""Our field → the column, as in CoNLL-2003 and WNUT-17 on the hub."""

SPLIT = re.compile(r"(train|validation|valid|val|dev|test)(?=[-._]|$)")
_VALID = {"validation", "val", "dev"}


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """One split of a folder: Parquet, or the Arrow stream of `save_to_disk`."""

    name: str = "hf"
    suffix: str = ".parquet"
    reading: Reading = field(default_factory=Reading)

    def read(self, path: Path, counted: Counted) -> Rows:
        """The posts of a file, which is read twice, first for the scheme of its tags; a row that cannot be one is a
        `BadRow`.
        """
        scheme = self._scheme(path)
        if scheme.said:
            counted.note("scheme", f"{path}:{scheme.place}", scheme.said)
        reading, number = replace(self.reading, scheme=scheme), 0
        for schema, rows in _batches(path):
            names = {**_tag_names(schema), **self.reading.names}
            for row in rows:
                number += 1
                where, name = f"{path}:{number}", f"{path.stem}-{number}"
                try:
                    own = _own(row, where, counted, names)
                    yield post_of(own, str(own.get("id") or name), path.parent, where, counted, reading)
                except DataError as error:
                    yield BadRow(str(row.get("id") or name), error.problem())

    def _scheme(self, path: Path) -> Scheme:
        survey, number = TagSurvey(), 0
        for schema, rows in _batches(path, {*WORDS, *TAGS}):
            names = {**_tag_names(schema), **self.reading.names}
            for row in rows:
                number += 1
                with suppress(DataError):
                    for tag in _own(row, "", Counted(), names).get("tags") or ():
                        survey.add(tag, number)
                survey.end()
        return survey.scheme()

    def record(self, post: Post, folder: Path) -> Json:
        """The post's row."""
        own = to_own(post, folder) | {"words": post.raw_words(), "tags": post.tags and list(post.tags)}
        return {column: own.get(field) for field, column in COLUMNS.items()}

    def post(self, record: Json, folder: Path) -> Post:
        """The post that a row is read as."""
        return post_of(_own(record, "", Counted(), {}), str(record["id"]), folder, "")

    @contextmanager
    def writer(self, path: Path) -> Iterator[Put]:
        """Writes rows into a Parquet file, a group at a time."""
        pyarrow = _pyarrow()
        text, texts = pyarrow.string(), pyarrow.list_(pyarrow.string())
        types = dict.fromkeys(COLUMNS, text) | {"words": texts, "tags": texts}
        fields = [(column, types[field]) for field, column in COLUMNS.items()]
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
        raise MissingError("pyarrow is not installed", "hf", install("formats")) from error
    return pyarrow


def _batches(path: Path, only: Collection[str] | None = None) -> Iterator[tuple[Any, list[Json]]]:
    """The file's schema and its rows, some at a time; of the columns `only` those that are there."""
    pyarrow = _pyarrow()
    try:
        if path.suffix == ".arrow":
            with path.open("rb") as handle, pyarrow.ipc.open_stream(handle) as stream:
                for batch in stream:
                    batch.validate(full=True)  # lengths and UTF-8; else memory that is not the file's would be read
                    names = [name for name in batch.schema.names if only is None or name in only]
                    yield stream.schema, batch.select(names).to_pylist()
        else:
            with pyarrow.parquet.ParquetFile(path) as parquet:
                names = [name for name in parquet.schema_arrow.names if only is None or name in only]
                for batch in parquet.iter_batches(BATCH, columns=names):
                    batch.validate(full=True)
                    yield parquet.schema_arrow, batch.to_pylist()
    except OSError as error:
        raise DataError(f"cannot read: {error}", str(path), "Check the path") from error
    except (pyarrow.ArrowException, ValueError) as error:  # the second: a name or text that is not UTF-8
        raise DataError(f"not a file of a data set: {error}", str(path), "Make it again") from error


def _tag_names(schema: Any) -> dict[str, list[str]]:
    """Column → the names of its tags where they are numbers, as `datasets` writes its `ClassLabel`."""
    found: dict[str, list[str]] = {}
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"].items()
    except (KeyError, TypeError, ValueError, AttributeError):
        return found
    for name, column in features:
        with suppress(KeyError, TypeError, IndexError, AttributeError):
            feature = column[0] if isinstance(column, list) else column["feature"]
            found[name] = list(feature["names"])
    return found


def _own(row: Json, where: str, counted: Counted, names: TagNames) -> Json:
    if isinstance(row.get("image"), dict):  # the `Image` feature: the picture's bytes, which stay there, and its path
        row = row | {"image": row["image"].get("path")}
    return own_fields(row, where, counted, names)
