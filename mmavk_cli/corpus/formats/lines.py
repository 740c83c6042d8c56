"""Formats of text lines: JSON in the forms of several programs, and CoNLL."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.one_line import json_on_one_line
from mmavk_cli.base.records import Counted, Json, Post, Rows
from mmavk_cli.base.twice import seekable
from mmavk_cli.corpus.columns import BLANKS, DOCUMENT, IMAGE, Columns
from mmavk_cli.corpus.conll import blocks_of, conll_rows
from mmavk_cli.corpus.fields import own_fields
from mmavk_cli.corpus.formats.format import Put
from mmavk_cli.corpus.formats.json_fields import to_doccano, to_own, to_prodigy
from mmavk_cli.corpus.formats.json_forms import FORMS, AnyForm
from mmavk_cli.corpus.formats.label_studio import to_min, to_task
from mmavk_cli.corpus.jsonl import Layout, Reading, post_of, read_jsonl, whole_jsonl

INSTEAD = "Mend it, or choose another format"

_BREAKS = re.compile(r"[\r\n]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One object a line."""

    name: str
    suffix: str
    made: Callable[[Post, Path], Json]
    layout: Callable[[Counted], Layout]
    heading: str = ""
    reading: Reading = field(default_factory=Reading)

    def read(self, path: Path, counted: Counted) -> Rows:
        """The posts of a file."""
        return read_jsonl(path, layout=self.layout(counted), counted=counted, reading=self.reading)

    def read_lines(self, lines: Iterable[bytes], counted: Counted) -> Rows:
        """The posts of standard input."""
        with seekable(lines) as handle:
            yield from whole_jsonl(handle, "stdin", Path(), self.layout(counted), counted, self.reading)

    def record(self, post: Post, folder: Path) -> Json:
        """The post's object."""
        return self.made(post, folder)

    def post(self, record: Json, folder: Path) -> Post:
        """The post that an object is read as."""
        row = own_fields(self.layout(Counted())(record, ""), "", Counted())
        return post_of(row, str(row["id"]), folder, "")

    def line(self, record: Json) -> str:
        """The object on one line."""
        return f"{json_on_one_line(record)}\n"

    @contextmanager
    def writer(self, path: Path) -> Iterator[Put]:
        """Writes objects into a file."""
        with atomic_write(path) as handle:
            yield lambda record: handle.write(self.line(record))


@dataclass(frozen=True, slots=True)
class Conll:
    """A block of lines a post: `IMGID:` and its picture's name (else its id), a line a word with its tag.

    `columns` are said by a person; where they are None, they are found.
    """

    name: str = "conll"
    suffix: str = ".conll"
    columns: Columns | None = None
    heading: str = ""

    def read(self, path: Path, counted: Counted) -> Rows:
        """The posts of a file."""
        return conll_rows(path, columns=self.columns, counted=counted)

    def read_lines(self, lines: Iterable[bytes], counted: Counted) -> Rows:
        """The posts of standard input."""
        return conll_rows(lines, columns=self.columns, counted=counted)

    def record(self, post: Post, folder: Path) -> str:  # noqa: ARG002 (a picture's path has no place)
        """The post's block.

        Raises:
            DataError: a line end in a word or a name, or a word that would be read otherwise.
        """
        tags = post.tags or ("O",) * len(post.words)
        words = post.raw_words()
        pairs = [f"{word}\t{tag}" for word, tag in zip(words, tags, strict=True)]
        lines = [f"IMGID:{post.image_id or post.id}", *pairs]
        if any(_SURROGATE.search(line) for line in lines):
            raise DataError("half a character (a lone surrogate), which UTF-8 cannot hold", "", "Mend the text")
        if any(_BREAKS.search(line) for line in lines):
            raise DataError("a line end in a word or name", "", INSTEAD)
        for word in words:
            if word.startswith(IMAGE) or word == DOCUMENT:
                raise DataError(f"the word {word!r}, which stands for something else there", "", INSTEAD)
            if "\t" in word or word != word.strip(BLANKS):
                raise DataError(f"blanks around a word or a tab in it: {word!r}", "", INSTEAD)
        return "\n".join(lines) + "\n\n"

    def post(self, record: str, folder: Path) -> Post:
        """The post that a block is read as."""
        (block,) = blocks_of([f"{line}\n".encode() for line in record.split("\n")], folder)
        return block.post()

    def line(self, record: str) -> str:
        """The block itself."""
        return record

    @contextmanager
    def writer(self, path: Path) -> Iterator[Put]:
        """Writes blocks into a file."""
        with atomic_write(path) as handle:
            yield handle.write


@dataclass(frozen=True, slots=True)
class JsonList(JsonLines):
    """The same objects as one list, which is how Label Studio imports them. A pipe gets one a line."""

    @contextmanager
    def writer(self, path: Path) -> Iterator[Put]:
        """Writes objects into a file."""
        with atomic_write(path) as handle:
            before = "[\n"

            def put(record: Json) -> None:
                nonlocal before
                handle.write(before + self.line(record).rstrip("\n"))
                before = ",\n"

            yield put
            handle.write("[]\n" if before == "[\n" else "\n]\n")


@dataclass(frozen=True, slots=True)
class JsonRead:
    """A form that is read and not written."""

    name: str
    suffix: str
    layout: Callable[[Counted], Layout]
    reading: Reading = field(default_factory=Reading)

    def read(self, path: Path, counted: Counted) -> Rows:
        """The posts of a file."""
        return read_jsonl(path, layout=self.layout(counted), counted=counted, reading=self.reading)

    def read_lines(self, lines: Iterable[bytes], counted: Counted) -> Rows:
        """The posts of standard input."""
        return read_jsonl(lines, "stdin", self.layout(counted), counted, self.reading)


JSONL = JsonLines("jsonl", ".jsonl", to_own, FORMS["jsonl"])
DOCCANO = JsonLines("doccano", ".doccano.jsonl", to_doccano, FORMS["doccano"])
PRODIGY = JsonLines("prodigy", ".prodigy.jsonl", to_prodigy, FORMS["prodigy"])
LABEL_STUDIO = JsonList("labelstudio", ".labelstudio.json", to_task, FORMS["labelstudio"])
LABEL_STUDIO_MIN = JsonList("labelstudio-min", ".labelstudio-min.json", to_min, FORMS["labelstudio-min"])
GLINER = JsonRead("gliner", ".gliner.json", FORMS["gliner"])
SPACY_TUPLES = JsonRead("spacy-tuples", ".tuples.json", FORMS["spacy-tuples"])
ANY_JSON = JsonRead("json", ".json", AnyForm)
CONLL = Conll()
