"""Raw text → words with character offsets, by the rules Twitter-2017 was cut with.

Every run of letters, digits and `_` is a word, a number keeps its inner `.` and `,`, and every other character that is
not white space is a word of its own: `#` and `@` stand apart, an apostrophe splits (`Rooney ' s`). URLs, which
Twitter-2017 does not have, are one word. HTML entities are read as the characters they mean: `AT&amp;T` is cut as
`AT&T`.

A character is what a reader sees as one (a grapheme cluster, Unicode Standard Annex 29): a letter with its marks, an
emoji with its skin tone, a family of joined emoji, a flag, a keycap. Scripts that are written without blanks between
words (Chinese, Japanese, Thai, Khmer, …) are cut into characters.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Post, Word
from mmavk_cli.corpus.html_entities import decode_entities
from mmavk_cli.spans import onto, spans_to_tags, split_tag, strict_spans

_GLUED = r"@#&*/\\<>=^`-"
"""What Twitter-2015 leaves in a word: `@handle`, `#tag`, `and/or`, `well-known`."""

# The rules for Unicode, in the syntax of the package `regex`; its \X is a whole grapheme cluster.
_EXTEND = r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]"
_BLANK = r"\s\x1c-\x1f"
_KEYCAP = r"[0-9#*]\uFE0F?\u20E3"
_FLAG = rf"\p{{RI}}{{2}}{_EXTEND}*"  # \X counts back to the first of a row of flags each time
_UNSPACED = r"[\p{Han}\p{Bopomofo}\p{Yi}\p{scx=Hiragana}\p{scx=Katakana}\p{LB=Complex_Context}]"

_SKIPPED = "skipped"
"""The group of a blank that carries a mark: white space, and a word that began with the mark would cut it."""

FITTING = 0.1
"""Rules that cut a smaller share of posts otherwise than they were cut fit them."""

_PLACES = 50
"""So many places of a listed word in its text are looked at."""


def cut(text: str, fine: bool = True) -> tuple[Word, ...]:
    """Words of a raw text, in order; white space belongs to none, and HTML entities are decoded.

    Args:
        text: any text.
        fine: by the rules above; False: by those of Twitter-2015, where `@handle`, `#tag` and `well-known` are whole
            and a number is not.
    """
    if "&" not in text:
        return _as_it_stands(text, fine)
    meant = decode_entities(text)
    return tuple(
        Word(word.text, meant.starts[word.start], meant.ends[word.end - 1]) for word in _as_it_stands(meant.text, fine)
    )


def _as_it_stands(text: str, fine: bool = True) -> tuple[Word, ...]:
    rules = _ascii_rules(fine) if text.isascii() else _unicode_rules(fine)
    found = (match for match in rules.finditer(text) if match.lastgroup != _SKIPPED)
    return tuple(Word(match.group(), match.start(), match.end()) for match in found)


@cache
def _ascii_rules(fine: bool) -> Any:
    """The rules where each character stands for itself: for most posts `regex` need not be loaded."""
    word = r"\w+" if fine else rf"[\w{_GLUED}]+"
    return re.compile("|".join([r"(?:https?://|www\.)\S*[\w/]", *_twitter2017(fine, r"\w"), word, r"\S"]))


@cache
def _unicode_rules(fine: bool) -> Any:
    import regex

    letter = r"[\p{L}\p{N}_]" if fine else rf"[\p{{L}}\p{{N}}_{_GLUED}]"
    part = rf"(?=\p{{GCB=Prepend}}*{letter})(?!{_KEYCAP}|{_UNSPACED})\X"
    return regex.compile(
        "|".join(
            [
                rf"(?P<{_SKIPPED}>\p{{Zs}}{_EXTEND}+)",
                rf"(?:https?://|www\.)[^{_BLANK}]*[\w/]{_EXTEND}*",
                *_twitter2017(fine, rf"(?:\w|{_EXTEND})"),
                rf"(?={_KEYCAP})\X",
                _FLAG,
                rf"{part}(?:\p{{WB=Format}}*{part})*",
                rf"(?=[^{_BLANK}])\X",
            ]
        )
    )


def _twitter2017(fine: bool, more: str) -> list[str]:
    """The emoticons that Twitter-2017 keeps whole, and its numbers; `more` would go on with the word."""
    return [rf":-?[()](?!{more})", rf"\d+(?:[.,]\d+)+(?!{more})"] if fine else []


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


def placed(tokens: Sequence[str], text: str) -> tuple[Word, ...]:
    """A list of words as they stand in the text, in order, white space and other text between them; those before the
    first that is not there.

    A word is placed at the borders of the text's own words where it can be (`is` not in `this`), or where the word
    before it ended (`can`, `not`); where that leaves no place for a later one, each word goes to the first place.
    """
    words = cut(text)
    starts = {word.start for word in words}
    ends = {word.end for word in words}

    def at_borders(start: int, end: int, at: int) -> bool:
        return end in ends and (start in starts or start == at)

    found = _placed(tokens, text, at_borders)
    if len(found) < len(tokens):
        found = _placed(tokens, text, lambda _start, _end, _at: True)
    return tuple(found)


def _placed(tokens: Sequence[str], text: str, fits: Callable[[int, int, int], bool]) -> list[Word]:
    """The words up to the first that has no place."""
    found: list[Word] = []
    at = 0
    for token in tokens:
        first = start = text.find(token, at)
        for _ in range(_PLACES):
            if start < 0 or fits(start, start + len(token), at):
                break
            start = text.find(token, start + 1)
        else:
            start = first
        start = first if start < 0 else start
        if start < 0:
            break
        at = start + len(token)
        found.append(Word(token, start, at))
    return found


def recut(post: Post) -> Post:
    """The post with every word cut by the rules above, its tags spread over the parts.

    In a name the `#` or `@` that opens a hashtag or handle is outside it, as in Twitter-2017. A word that the rules
    would make vanish (a bare no-break space) stays as it is. HTML entities in a data set's own words are not decoded:
    the models in use were trained and scored on their parts.
    """
    words: list[Word] = []
    tags: list[str] = []
    for index, word in enumerate(post.words):
        parts = _parts(word)
        words.extend(parts)
        if post.tags is not None:
            tags.extend(_spread(post.tags[index], parts))
    return replace(post, words=tuple(words), tags=tuple(tags) if post.tags is not None else None)


def _parts(word: Word) -> list[Word]:
    if len(word.text) != word.end - word.start:
        return [word]  # it has decoded entities, so `cut` has made it
    return [Word(p.text, p.start + word.start, p.end + word.start) for p in _as_it_stands(word.text)] or [word]


def as_trained(post: Post, by_rules: bool, fine: bool) -> Post:
    """The post in the words that a model reads, its names on them.

    Args:
        post: any post.
        by_rules: the model was trained on words that were cut by the rules above (`recut`). Else it was trained on a
            data set's own words, and only a raw text is cut.
        fine: how raw text is cut then: by the rules above too, or by those of Twitter-2015 (see `rules_like`).
    """
    if by_rules:
        return recut(post)
    if fine or not post.raw:
        return post
    words = cut(post.text, fine=False)
    if post.tags is None:
        return replace(post, words=words)
    names = onto(strict_spans(post.tags), post.words, words)
    return replace(post, words=words, tags=tuple(spans_to_tags([name for name in names if name], len(words))))


def rules_like(posts: Iterable[Post]) -> tuple[bool, float]:
    """Which rules come near the posts' own words, and the share of posts that they would cut otherwise.

    True stands for the rules above, False for Twitter-2015's, as the `fine` of `cut`. A text that was put together from
    words has a blank between any two, and any rules look right that cut little: so the finer ones are taken where they
    are nearly always right.
    """
    seen = 0
    differ = {True: 0, False: 0}
    for post in posts:
        if not post.raw:
            seen += 1
            for fine in differ:
                differ[fine] += post.words != _as_it_stands(post.text, fine)
    share = {fine: count / max(1, seen) for fine, count in differ.items()}
    fine = share[True] < max(FITTING, share[False])
    return fine, share[fine]


def _spread(tag: str, parts: list[Word]) -> list[str]:
    prefix, kind = split_tag(tag)
    if prefix == "O":
        return ["O"] * len(parts)
    outside = 1 if prefix == "B" and len(parts) > 1 and parts[0].text in "#@" else 0
    inside = len(parts) - outside - 1
    return ["O"] * outside + [tag] + [f"I-{kind}"] * inside
