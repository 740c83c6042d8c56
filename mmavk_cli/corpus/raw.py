"""Raw text: one file is one post."""

import logging
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.file_kinds import BOM
from mmavk_cli.base.records import BadRow, Post, Rows
from mmavk_cli.corpus.formats.sniff import HEAD, format_of
from mmavk_cli.corpus.pictures import left_aside, list_names, list_pictures
from mmavk_cli.corpus.tokenize import checked_text, cut


def read_text(path: Path) -> str:
    """The text of a file, without a byte order mark and without one newline at the end; offsets count from there.

    Raises:
        DataError: the file cannot be read, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error
    return decoded(raw, str(path))


def decoded(raw: bytes, where: str) -> str:
    """The text of a raw post's bytes, by the rule of `read_text`.

    Raises:
        DataError: not UTF-8, with the offset of the first wrong byte.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 at byte {error.start}", where, "Convert the text to UTF-8") from None
    return text.removeprefix(BOM.decode()).removesuffix("\n").removesuffix("\r")


def post_from_text(text: str, name: str, image: Path | None = None, where: str = "") -> Post:
    """One raw text as a post with the id `name`; its line breaks are white space in it.

    Args:
        text: of the post.
        name: its id.
        image: its picture.
        where: file, for messages.

    Raises:
        DataError: it has no words, or half a surrogate pair.
    """
    words = cut(checked_text(text, where))
    if not words:
        raise DataError("the post is empty", where, "Give it a text")
    return Post(name, text, words, image=image, where=where, raw=True)


def read_folder(folder: Path) -> Rows:
    """The `*.txt` files of a folder as posts, by name; a post's picture has the same stem. A bad file is a `BadRow`.

    Raises:
        DataError: the folder cannot be read, or has no `*.txt`.
    """
    names, pictures = list_names(folder, (".txt",)), list_pictures(folder)
    if not names:
        raise DataError("no .txt file in the folder", str(folder), "Put each post in a file of its own")
    stems = [Path(name).stem for name in names]
    used = {pictures[stem] for stem in stems if stem in pictures}
    for said in left_aside(folder, set(stems), used):
        logging.getLogger(__name__).warning("%s", said)
    for name in names:
        path = folder / name
        image = folder / pictures[path.stem] if path.stem in pictures else None
        try:
            text = read_text(path)
            if form := format_of(text.encode()[:HEAD], str(path)):
                raise DataError(f"this is no raw text but {form}", str(path), "Give the file itself as the input")
            yield post_from_text(text, path.stem, image, str(path))
        except DataError as error:
            yield BadRow(path.stem, error.problem())
