"""What a format is, and what of a post it cannot hold."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from mmavk_cli.base.records import Counted, Post, Rows
from mmavk_cli.spans import characters, spans_to_tags, strict_spans

Put = Callable[[Any], object]
"""Writes one record of a format. A tuple that it returns holds keys of `LOST`: what the file could not keep of it."""

LOST = {
    "text": "texts whose white space between words became one space",
    "words": "posts that are cut into other words when they are read back",
    "names": "posts with other names when they are read back",
    "loose_tags": "posts with an I- that continues no name, which is left out",
    "no_tags": "posts without tags, which read back as posts without names",
    "id": "posts whose id is replaced by their picture's",
    "image_id": "posts without a picture's name, which read back with their id as one",
    "image": "paths of pictures",
}
"""What may be lost, and what that means; counted in posts."""


class Reader(Protocol):
    """A format that can be read."""

    @property
    def name(self) -> str:
        """What `--from` and `--to` call it."""
        ...

    @property
    def suffix(self) -> str:
        """The end of a file's name."""
        ...

    def read(self, path: Path, counted: Counted) -> Rows:
        """The posts of one file, in order; a bad one is a `BadRow` with its place. Names that were widened to whole
        words go into `counted`.

        Raises:
            DataError: the file cannot be read. MissingError: a package is not there.
        """
        ...


class Format(Reader, Protocol):
    """A format that is read and written. A record is what it makes of one post: an object, a block of lines, a Doc."""

    def record(self, post: Post, folder: Path) -> Any:
        """The post as this format holds it, in a file of `folder`.

        Raises:
            DataError: it cannot hold the post.
        """
        ...

    def post(self, record: Any, folder: Path) -> Post:
        """The post that `read` would make of a record.

        Raises:
            DataError: it cannot be read.
        """
        ...

    def writer(self, path: Path) -> AbstractContextManager[Put]:
        """Writes records into a file that appears when the block ends well.

        Raises:
            DataError: the file cannot be written. MissingError: a package is not there.
        """
        ...


@runtime_checkable
class LineReader(Reader, Protocol):
    """A format that can be read from a pipe."""

    def read_lines(self, lines: Iterable[bytes], counted: Counted) -> Rows:
        """The posts of standard input."""
        ...


@runtime_checkable
class LineFormat(LineReader, Format, Protocol):
    """A format of text lines, which can also go through a pipe."""

    @property
    def heading(self) -> str:
        """What stands before the first record."""
        ...

    def line(self, record: Any) -> str:
        """A record as text, its last line's end included."""
        ...


def lost(post: Post, back: Post) -> Iterator[str]:
    """The keys of `LOST` that tell how `back`, read from what was written of `post`, differs from it."""
    same = back.text == post.text
    if not same:
        yield "text"
    if _words(back, same) != _words(post, same):
        yield "words"
    if post.tags is None:
        if back.tags is not None:
            yield "no_tags"
    elif _names(back, same) != _names(post, same):
        yield "names"
    elif _loose(post) and not _loose(back):
        yield "loose_tags"
    for field in ("id", "image_id"):
        if getattr(back, field) != getattr(post, field):
            yield field
    if (_resolved(back.image), back.image_url) != (_resolved(post.image), post.image_url):
        yield "image"


def _words(post: Post, same: bool) -> list[Any]:
    """The words with their places; without them where the texts differ."""
    if same:
        return list(post.words)
    return [word.text for word in post.words]


def _names(post: Post, same: bool) -> list[Any]:
    found = []
    for span in strict_spans(post.tags or ()):
        start, end = characters(span, post.words)
        found.append(((start, end) if same else "".join(post.text[start:end].split()), span.type))
    return found


def _loose(post: Post) -> bool:
    tags = post.tags or ()
    return spans_to_tags(strict_spans(tags), len(tags)) != list(tags)


def _resolved(image: Path | None) -> str | None:
    return None if image is None else os.path.abspath(image)  # noqa: PTH100 (Path.resolve would follow links)


def picture_field(post: Post, folder: Path) -> str | None:
    """A post's picture as it is written into a file of `folder`: its path relative to it, unless it is absolute, or its
    URL as it stands.
    """
    if post.image is None:
        return post.image_url
    return str(post.image) if post.image.is_absolute() else os.path.relpath(post.image, folder)
