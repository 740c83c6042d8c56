"""Knowledge that others published, read from their files as it stands: BLIP-2 captions and PGIM's archives.

Neither comes with its pictures, so the texts are joined to a data set by image id or, where there is none, by the words
of the tweet. What does not fit is counted and left out, never guessed.
"""

import lzma
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import PICTURE_SUFFIXES
from mmavk_cli.base.records import Counted, Post
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.rows import Row, decode

Format = Literal["blip2", "pgim", "export"]

EOS = "<EOS>"
"""PGIM's word between a tweet and the knowledge about it."""

PGIM_SPLITS = {"train": "train", "valid": "valid", "dev": "valid", "test": "test"}
"""File names in PGIM's archives → our splits."""

MAX_MEGABYTES = 512.0
"""An archive's file that unpacks to more is refused; PGIM's largest has 5."""


RULES: dict[Format, str] = {
    "blip2": "all after ` :`, trimmed",
    "pgim": f"the words after {EOS}, joined by single spaces",
}
"""How a format's file becomes a text."""


_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, IndexError, RuntimeError,
)  # fmt: skip
"""What zipfile raises on archives that are damaged, encrypted (RuntimeError) or packed in a way it does not know."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One text and the image id it belongs to."""

    image_id: str
    text: str


def detect_format(path: Path) -> Format:
    """What kind of file it is, by its content.

    Raises:
        DataError: it cannot be read, or is none of the three.
    """
    if zipfile.is_zipfile(path) or _begins(path, b"PK\x03\x04"):  # the latter alone: a zip that is cut off
        return "pgim"
    _, first = next(_lines(path), (0, ""))
    if first.startswith('{"'):
        return "export"
    if _caption(first) is not None:
        return "blip2"
    advice = "Give BLIP-2 captions (`<image id>.jpg :text`), a PGIM zip, or an export of a store"
    raise DataError("this is not a file of knowledge that can be imported", str(path), advice)


def import_recipe(name: str, kind: Format) -> Recipe:
    """The recipe of text that is imported under a name. The file is not in it: each row names its source."""
    return Recipe(name=name, generator="import", model=name, decoding={"format": kind, "text": RULES[kind]})


def read_blip2(path: Path, counted: Counted) -> Iterator[Imported]:
    """Captions of a file with lines `<image id>.jpg :text`; the text is all after the first ` :`, trimmed.

    Counts `bad_lines`, those of another form. Blank lines are skipped.

    Raises:
        DataError: the file cannot be read or is not UTF-8.
    """
    for _, line in _lines(path):
        found = _caption(line)
        if found is None:
            counted.add("bad_lines")
        else:
            yield found


def captions_by_image(path: Path) -> dict[str, str]:
    """Image id → caption, of such a file.

    Raises:
        DataError: the file cannot be read or is not UTF-8.
    """
    return {one.image_id: one.text for one in read_blip2(path, Counted())}


def read_export(path: Path, counted: Counted) -> Iterator[Row]:
    """The rows of a file that `mmavk store export` wrote.

    Counts `bad_lines`: not a row, or one whose digest is not that of its fields.

    Raises:
        DataError: the file cannot be read or is not UTF-8.
    """
    for _, line in _lines(path):
        try:
            row = decode(line)
        except DataError:
            counted.add("bad_lines")
        else:
            yield row


def read_pgim(path: Path, posts_by_split: Mapping[str, Iterable[Post]], counted: Counted) -> Iterator[Imported]:
    """Knowledge of a PGIM archive: a zip of `train.txt`, `valid.txt` (or `dev.txt`) and `test.txt` in CoNLL, where the
    words after `<EOS>` are the knowledge, here joined by single spaces.

    The archives name no images. A tweet of the archive and a post of the same split belong together when their words
    are equal; of several with equal words, the first to the first, and so on, if there are as many on both sides.
    Counts `matched`, `archive_tweets_unmatched` (no such post, or not as many) and `archive_tweets_without_eos`.

    Raises:
        DataError: not a zip, damaged, encrypted, too large unpacked, two files for one split, or no split at all.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _members(path, archive)
            for split, posts in posts_by_split.items():
                if split in members:
                    yield from _joined(_tweets(path, archive, members[split]), posts, counted)
    except _DAMAGED as error:
        raise DataError(f"cannot read the archive: {error}", str(path), "Fetch it again") from error
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror or error}", str(path), "Check the path") from error


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = PurePosixPath(info.filename)
        if (
            info.filename.endswith("/")
            or name.suffix != ".txt"
            or name.stem not in PGIM_SPLITS
            or "__MACOSX" in name.parts
        ):
            continue
        split, where = PGIM_SPLITS[name.stem], f"{path}:{info.filename}"
        if split in members:
            raise DataError(f"two files for the {split} split", where, "Leave one of them in the archive")
        if info.file_size > MAX_MEGABYTES * 1e6:
            what = f"the file has {info.file_size / 1e6:.0f} megabytes unpacked, more than {MAX_MEGABYTES:g}"
            raise DataError(what, where, "It may be a decompression bomb")
        members[split] = info
    if not members:
        raise DataError("no train.txt, valid.txt, dev.txt or test.txt in the archive", str(path), "Is it PGIM's?")
    return members


def _tweets(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[list[str]]:
    """The words of each tweet of a file, `<EOS>` and the knowledge among them; blank lines stand between tweets."""
    words: list[str] = []
    with archive.open(info) as handle:  # reads no more than the size that was checked
        for number, raw in enumerate(handle, 1):
            line = _decoded(raw, f"{path}:{info.filename}:{number}").rstrip("\r\n")
            if line:
                words.append(line.rpartition("\t")[0] or line)
            elif words:
                yield words
                words = []
    if words:
        yield words


def _joined(tweets: Iterable[list[str]], posts: Iterable[Post], counted: Counted) -> Iterator[Imported]:
    ids: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for post in posts:
        if post.image_id is not None:
            ids[tuple(word.text for word in post.words)].append(post.image_id)
    texts: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for tweet in tweets:
        if EOS not in tweet:
            counted.add("archive_tweets_without_eos")
            continue
        end = tweet.index(EOS)
        texts[tuple(tweet[:end])].append(" ".join(tweet[end + 1 :]))
    for words, found in texts.items():
        own: Sequence[str] = ids.get(words, ())
        if len(own) != len(found):
            counted.add("archive_tweets_unmatched", len(found))
            continue
        counted.add("matched", len(found))
        yield from map(Imported, own, found)


def _caption(line: str) -> Imported | None:
    name, separator, text = line.partition(" :")
    stem, dot, suffix = name.rpartition(".")
    if not separator or not stem or f"{dot}{suffix.lower()}" not in PICTURE_SUFFIXES:
        return None
    return Imported(stem, text.strip())


def _begins(path: Path, with_: bytes) -> bool:
    try:
        with path.open("rb") as handle:
            return handle.read(len(with_)) == with_
    except OSError:
        return False


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file that are not blank, with their numbers."""
    try:
        with path.open("rb") as handle:
            for number, raw in enumerate(handle, 1):
                line = _decoded(raw, f"{path}:{number}").rstrip("\r\n")
                line = line.removeprefix("\ufeff") if number == 1 else line  # Windows programs begin UTF-8 with it
                if line.strip():
                    yield number, line
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error


def _decoded(raw: bytes, where: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError("the line is not UTF-8", where, "Convert the file to UTF-8") from error
