"""CoNLL with `IMGID:` lines: `word<TAB>tag` (or a space), a blank line after each post, or none at the file's end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import BadRow, Post, Rows
from mmavk_cli.corpus.tokenize import joined
from mmavk_cli.corpus.types import UNIFIED

BOM = b"\xef\xbb\xbf"


@dataclass(slots=True)
class Block:
    """The lines of one post as the file has them.

    `lines[i]` is the line number of word `i`, `tags` keep the file's own type names, `faults` are its unusable lines.
    """

    path: Path
    image_id: str = ""
    began: int = 0
    tokens: list[str] = field(default_factory=list[str])
    tags: list[str] = field(default_factory=list[str])
    lines: list[int] = field(default_factory=list[int])
    faults: list[DataError] = field(default_factory=list[DataError])

    @property
    def id(self) -> str:
        """The picture's id, else the file's stem and the first line's number."""
        return self.image_id or f"{self.path.stem}-{self.began}"

    def post(self) -> Post:
        """The block as a post, types unified.

        Raises:
            DataError: the first of its faults.
        """
        if self.faults:
            raise self.faults[0]
        text, words = joined(self.tokens)
        tags = tuple(unified_tag(tag) for tag in self.tags)
        return Post(self.id, text, words, tags, self.image_id or None, None, f"{self.path}:{self.began}")

    def add(self, number: int, line: str | DataError) -> None:
        """Take one line that is neither blank nor an `IMGID:` line."""
        self.began = self.began or number
        try:
            token, tag = _token(line, f"{self.path}:{number}")
        except DataError as error:
            self.faults.append(error)
        else:
            self.tokens.append(token)
            self.tags.append(tag)
            self.lines.append(number)

    def closed(self) -> "Block":
        """The block, with a fault if it holds nothing."""
        if not self.tokens and not self.faults:
            place = f"{self.path}:{self.began}"
            self.faults.append(DataError(f"the post {self.id} has no words", place, "Remove its IMGID line"))
        return self


def read_blocks(path: Path) -> Iterator[Block]:
    """The posts of one file as blocks of lines, in order, one at a time; a bad line is a fault of its block.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as handle:
            yield from blocks_of(handle, path)
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error


def blocks_of(lines: Iterable[bytes], path: Path) -> Iterator[Block]:
    """The same of lines (a binary handle); `path` stands for them in messages and in the ids of posts without one."""
    block = Block(path)
    for number, line in _decoded(lines, path):
        if isinstance(line, str) and line.startswith("IMGID:"):
            if block.began:
                yield block.closed()
            block = Block(path, line.removeprefix("IMGID:").strip(), number)
        elif isinstance(line, str) and not line.strip(" \t\r"):
            if block.tokens or block.faults:
                yield block
                block = Block(path)
        else:
            block.add(number, line)
    if block.began:
        yield block.closed()


def read_conll(path: Path) -> Iterator[Post]:
    """Posts of one file, in order, one at a time. A line is split at its last tab, else its last space, so that a word
    may be a bare no-break space; the last post needs no line end. Words without an `IMGID:` line have no picture.

    Raises:
        DataError: a line without a tag, a tag that is not IOB2, an IMGID without words, bytes that are not UTF-8.
    """
    for block in read_blocks(path):
        yield block.post()


def conll_rows(source: Path | Iterable[bytes], name: str = "stdin") -> Rows:
    """Posts of one file, or of lines called `name`; a post with a bad line is a `BadRow` and the others go on.

    Raises:
        DataError: the file cannot be read.
    """
    for block in read_blocks(source) if isinstance(source, Path) else blocks_of(source, Path(name)):
        try:
            yield block.post()
        except DataError as error:
            yield BadRow(block.id, error.problem())


def unified_tag(tag: str, where: str = "") -> str:
    """A tag with its type's one name: `B-OTHER` → `B-MISC`.

    Raises:
        DataError: it is not an IOB2 tag.
    """
    prefix, dash, kind = tag.partition("-")
    if tag != "O" and not (prefix in {"B", "I"} and dash and kind):
        raise DataError(f"{tag!r} is not an IOB2 tag", where, "Tags are O, B-TYPE or I-TYPE")
    return f"{prefix}-{UNIFIED.get(kind, kind)}" if dash else tag


def _decoded(lines: Iterable[bytes], path: Path) -> Iterator[tuple[int, str | DataError]]:
    for number, raw in enumerate(lines, 1):
        try:
            line = (raw.removeprefix(BOM) if number == 1 else raw).decode("utf-8")
        except UnicodeDecodeError:
            yield number, DataError("the line is not UTF-8", f"{path}:{number}", "Convert the file to UTF-8")
        else:
            yield number, line.removesuffix("\n").removesuffix("\r")


def _token(line: str | DataError, where: str) -> tuple[str, str]:
    if isinstance(line, DataError):
        raise line
    token, _, tag = line.rpartition("\t" if "\t" in line else " ")
    if not token:
        raise DataError(f"not a word and its tag: {line!r}", where, "Write word, tab, tag")
    unified_tag(tag.strip(), where)
    return token, tag.strip()
