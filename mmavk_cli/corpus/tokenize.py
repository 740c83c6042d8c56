"""Raw text → words with character offsets, by the rules Twitter-2017 was cut with.

Every run of letters, digits and `_` is a word, a number keeps its inner `.` and `,`, and every other character that is
not white space is a word of its own: `#` and `@` stand apart, an apostrophe splits (`Rooney ' s`), an emoji is cut at
its code points. URLs, which Twitter-2017 does not have, are one word. HTML entities are read as the characters they
mean: `AT&amp;T` is cut as `AT&T`.
"""

import re
from collections.abc import Sequence

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Post, Word
from mmavk_cli.corpus.html_entities import decode_entities
from mmavk_cli.spans import split_tag

_WORD = re.compile(
    r"(?:https?://|www\.)[^\s]*[\w/]"  # a URL, without the punctuation that closes it
    r"|:-?[()](?!\w)"  # the emoticons Twitter-2017 keeps whole
    r"|\d+(?:[.,]\d+)+(?!\w)"
    r"|\w[\w\u0300-\u036f]*"
    r"|\S",
)


def cut(text: str) -> tuple[Word, ...]:
    """Words of a raw text, in order; white space belongs to none, and HTML entities are decoded."""
    if "&" not in text:
        return _as_it_stands(text)
    meant = decode_entities(text)
    return tuple(
        Word(word.text, meant.starts[word.start], meant.ends[word.end - 1]) for word in _as_it_stands(meant.text)
    )


def _as_it_stands(text: str) -> tuple[Word, ...]:
    return tuple(Word(m.group(), m.start(), m.end()) for m in _WORD.finditer(text))


def checked_text(text: str, where: str) -> str:
    """The text, when it is Unicode that can be written.

    Raises:
        DataError: half a surrogate pair in it: bytes of a command line that are not UTF-8, or a lone escape in JSON.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        what = f"the text is not Unicode: half a surrogate pair at character {error.start}"
        raise DataError(what, where, "Write it in UTF-8") from None
    return text


def joined(tokens: Sequence[str]) -> tuple[str, tuple[Word, ...]]:
    """A data set's tokens as one text with single spaces, and the words in it."""
    words, at = [], 0
    for token in tokens:
        words.append(Word(token, at, at + len(token)))
        at += len(token) + 1
    return " ".join(tokens), tuple(words)


def recut(post: Post) -> Post:
    """The post with every word cut by the rules above, its tags spread over the parts.

    In a name the `#` or `@` that opens a hashtag or handle is outside it, as in Twitter-2017. A word that the rules
    would make vanish (a bare no-break space) stays as it is. `sources` leads back to the data set's own words. HTML
    entities in a data set's own words are not decoded: the models in use were trained and scored on their parts.
    """
    words: list[Word] = []
    tags: list[str] = []
    sources: list[int] = []
    for index, word in enumerate(post.words):
        parts = _parts(word)
        words.extend(parts)
        sources.extend([index] * len(parts))
        if post.tags is not None:
            tags.extend(_spread(post.tags[index], parts))
    return Post(
        post.id, post.text, tuple(words), tuple(tags) if post.tags is not None else None,
        post.image_id, post.image, post.where, tuple(sources),
    )  # fmt: skip


def _parts(word: Word) -> list[Word]:
    if len(word.text) != word.end - word.start:
        return [word]  # it has decoded entities, so `cut` has made it
    return [Word(p.text, p.start + word.start, p.end + word.start) for p in _as_it_stands(word.text)] or [word]


def _spread(tag: str, parts: list[Word]) -> list[str]:
    prefix, kind = split_tag(tag)
    if prefix == "O":
        return ["O"] * len(parts)
    outside = 1 if prefix == "B" and len(parts) > 1 and parts[0].text in "#@" else 0
    inside = len(parts) - outside - 1
    return ["O"] * outside + [tag] + [f"I-{kind}"] * inside
