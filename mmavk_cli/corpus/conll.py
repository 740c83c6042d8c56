"""CoNLL with `IMGID:` lines: `word<TAB>tag` (or a space), a blank line after each post, or none at the file's end."""

from collections.abc import Iterator
from pathlib import Path

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Post
from mmavk_cli.corpus.words import joined

UNIFIED = {"OTHER": "MISC"}
"""Names of one type in different data sets."""


def read_conll(path: Path) -> Iterator[Post]:
    """Posts of one file, in order, one at a time. A line is split at its last tab, else its last space, so that a word
    may be a bare no-break space; the last post needs no line end.

    Raises:
        DataError: a line without a tag, a tag that is not IOB2, words before any IMGID, bytes that are not UTF-8.
    """
    image_id, began = "", 0
    tokens: list[str] = []
    tags: list[str] = []
    for number, line in _lines(path):
        if line.startswith("IMGID:"):
            if tokens:
                yield _post(path, image_id, tokens, tags, began)
                tokens, tags = [], []
            image_id, began = line[len("IMGID:") :].strip(), number
        elif not line.strip(" \t\r"):
            if tokens:
                yield _post(path, image_id, tokens, tags, began)
            tokens, tags = [], []
        else:
            if not tokens:
                began = began or number
            token, tag = _token(line, f"{path}:{number}")
            tokens.append(token)
            tags.append(tag)
    if tokens:
        yield _post(path, image_id, tokens, tags, began)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as handle:
            for number, raw in enumerate(handle, 1):
                try:
                    yield number, raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
                except UnicodeDecodeError as error:
                    place = f"{path}:{number}"
                    raise DataError("the line is not UTF-8", place, "Convert the file to UTF-8") from error
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error


def _token(line: str, where: str) -> tuple[str, str]:
    token, separator, tag = line.rpartition("\t" if "\t" in line else " ")
    prefix, dash, kind = tag.strip().partition("-")
    if not separator or not token:
        raise DataError(f"no tag beside the word {line!r}", where, "Write word, tab, tag")
    if not (tag.strip() == "O" or (prefix in {"B", "I"} and dash and kind)):
        raise DataError(f"{tag!r} is not an IOB2 tag", where, "Tags are O, B-TYPE or I-TYPE")
    return token, f"{prefix}-{UNIFIED.get(kind, kind)}" if dash else "O"


def _post(path: Path, image_id: str, tokens: list[str], tags: list[str], began: int) -> Post:
    text, words = joined(tokens)
    name = image_id or f"{path.stem}-{began}"
    return Post(name, text, words, tuple(tags), image_id or None, None, f"{path}:{began}")
