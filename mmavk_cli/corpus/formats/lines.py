"""Formats of text lines: JSON Lines in three layouts, and CoNLL."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.records import Counted, Json, Post, Rows
from mmavk_cli.corpus.conll import blocks_of, conll_rows
from mmavk_cli.corpus.formats.format import Put
from mmavk_cli.corpus.formats.json_fields import from_doccano, from_prodigy, to_doccano, to_own, to_prodigy
from mmavk_cli.corpus.jsonl import Layout, post_of, read_jsonl

_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}
"""JSON leaves them as they are, and some readers of lines take them for a line's end."""

INSTEAD = "Mend it, or choose another format"

_BREAKS = re.compile(r"[\r\n]")


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One object a line."""

    name: str
    suffix: str
    made: Callable[[Post, Path], Json]
    layout: Layout | None

    def read(self, path: Path, counted: Counted) -> Rows:
        """The posts of a file."""
        return read_jsonl(path, layout=self.layout, counted=counted)

    def read_lines(self, lines: Iterable[bytes], counted: Counted) -> Rows:
        """The posts of standard input."""
        return read_jsonl(lines, "stdin", self.layout, counted)

    def record(self, post: Post, folder: Path) -> Json:
        """The post's object."""
        return self.made(post, folder)

    def post(self, record: Json, folder: Path) -> Post:
        """The post that an object is read as."""
        row = self.layout(record, "") if self.layout else record
        return post_of(row, str(row["id"]), folder, "")

    def line(self, record: Json) -> str:
        """The object on one line."""
        return f"{json.dumps(record, ensure_ascii=False).translate(_LINE_ENDS)}\n"

    @contextmanager
    def writer(self, path: Path) -> Iterator[Put]:
        """Writes objects into a file."""
        with atomic_write(path) as handle:
            yield lambda record: handle.write(self.line(record))


@dataclass(frozen=True, slots=True)
class Conll:
    """A block of lines a post: `IMGID:` and its picture's name (else its id), a line a word with its tag."""

    name: str = "conll"
    suffix: str = ".conll"

    def read(self, path: Path, counted: Counted) -> Rows:  # noqa: ARG002 (words are the file's own)
        """The posts of a file."""
        return conll_rows(path)

    def read_lines(self, lines: Iterable[bytes], counted: Counted) -> Rows:  # noqa: ARG002
        """The posts of standard input."""
        return conll_rows(lines)

    def record(self, post: Post, folder: Path) -> str:  # noqa: ARG002 (a picture's path has no place)
        """The post's block.

        Raises:
            DataError: a line end in a word or a name, or a word like a post's first line.
        """
        tags = post.tags or ("O",) * len(post.words)
        pairs = [f"{word}\t{tag}" for word, tag in zip(post.raw_words(), tags, strict=True)]
        lines = [f"IMGID:{post.image_id or post.id}", *pairs]
        if any(_BREAKS.search(line) for line in lines):
            raise DataError("a line end in a word or name", "", INSTEAD)
        if any(line.startswith("IMGID:") for line in pairs):
            raise DataError("a word that begins with IMGID:", "", INSTEAD)
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


JSONL = JsonLines("jsonl", ".jsonl", to_own, None)
DOCCANO = JsonLines("doccano", ".doccano.jsonl", to_doccano, from_doccano)
PRODIGY = JsonLines("prodigy", ".prodigy.jsonl", to_prodigy, from_prodigy)
CONLL = Conll()
