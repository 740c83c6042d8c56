"""Objects of JSON Lines in our own fields, doccano's and Prodigy's; what each field is stands in docs/formats.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Json, Post
from mmavk_cli.corpus.formats.format import picture_field
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.spans import characters, strict_spans


def to_own(post: Post, folder: Path) -> Json:
    """Our own fields: everything a post has. Words with decoded HTML entities are not written, and names then have
    offsets: given words are read as they stand.
    """
    named = _named(post, folder) | {"text": post.text}
    if post.tags is None:
        return named | ({} if _decoded(post) else {"words": post.raw_words()})
    if _decoded(post):
        return named | {"entities": [{"start": start, "end": end, "type": kind} for start, end, kind in _names(post)]}
    return named | {"words": post.raw_words(), "tags": list(post.tags)}


def to_doccano(post: Post, folder: Path) -> Json:
    """`text` and `label`, a list of [start, end, type]; the rest is what doccano keeps as metadata. Words are written
    only where they are not those that mmavk cuts; the post's id is called `post`, as doccano numbers rows itself.
    """
    named = _named(post, folder)
    named["post"] = named.pop("id")
    words = {} if post.words == cut(post.text) else {"words": post.raw_words()}
    label = {} if post.tags is None else {"label": list(map(list, _names(post)))}
    return {"text": post.text} | label | named | words


def to_prodigy(post: Post, folder: Path) -> Json:
    """`text`, `tokens` and `spans`, whose `token_end` is the last token's number."""
    tokens = [
        {
            "text": post.text[word.start : word.end],
            "start": word.start,
            "end": word.end,
            "id": number,
            "ws": post.text[word.end : word.end + 1] == " ",
        }
        for number, word in enumerate(post.words)
    ]
    row = {"text": post.text, "tokens": tokens} | _named(post, folder)
    if post.tags is None:
        return row
    spans = [
        {"start": start, "end": end, "token_start": span.start, "token_end": span.end - 1, "label": kind}
        for span, (start, end, kind) in zip(strict_spans(post.tags), _names(post), strict=True)
    ]
    return row | {"spans": spans, "answer": "accept"}


def from_doccano(row: Json, where: str) -> Json:
    """The fields of doccano: the post's own id is called `post`. Names are `label`, and where a project has relations
    `entities`.

    Raises:
        DataError: a label is not [start, end, type].
    """
    labels = row.get("label", row.get("labels"))
    if labels is not None and not _all(labels, lambda one: isinstance(one, list) and len(one) == 3):  # noqa: PLR2004
        raise DataError("'label' is not a list of [start, end, type]", where, "Export a project of sequence labels")
    own = {name: value for name, value in row.items() if name != "post"}
    return own | ({} if row.get("post") is None else {"id": row["post"]})


def from_prodigy(row: Json, where: str) -> Json:
    """The fields of Prodigy: `tokens` and `spans`.

    Raises:
        DataError: the example was rejected or ignored, or a span is not one.
    """
    answer, spans = row.get("answer", "accept"), row.get("spans")
    if answer != "accept":
        raise DataError(f"the example's answer is {answer!r}", where, "Only accepted examples are read")
    if spans is not None and not _all(spans, lambda one: isinstance(one, dict)):
        raise DataError("'spans' is not a list of objects", where, 'Write {"start": 0, "end": 5, "label": "PER"}')
    return {name: value for name, value in row.items() if name != "answer"}


def _named(post: Post, folder: Path) -> Json:
    """The post's names for itself and its picture."""
    fields = {"id": post.id, "image_id": post.image_id, "image": picture_field(post, folder)}
    return {name: value for name, value in fields.items() if value is not None}


def _decoded(post: Post) -> bool:
    return any(len(word.text) != word.end - word.start for word in post.words)


def _names(post: Post) -> list[tuple[int, int, str]]:
    return [(*characters(span, post.words), span.type) for span in strict_spans(post.tags or ())]


def _all(value: Any, fits: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(map(fits, value))
