"""spaCy's DocBin: tokens with their spaces, names as `doc.ents`, and what spaCy has no place for in `doc.user_data`.

A DocBin is one compressed block: this format alone is held in memory whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError, MissingError, install
from mmavk_cli.base.files import atomic_binary
from mmavk_cli.base.records import BadRow, Counted, Json, Post, Rows, Span
from mmavk_cli.corpus.formats.format import Put, picture_field
from mmavk_cli.corpus.jsonl import post_of
from mmavk_cli.spans import kept_tags, spans_to_tags, strict_spans

FIELD = "mmavk"
"""Key in `doc.user_data`: id, image_id, image, and `words`, the tokens that are words, where not all but spaces are."""


@dataclass(frozen=True, slots=True)
class DocBinFile:
    """A `.spacy` file."""

    name: str = "spacy"
    suffix: str = ".spacy"

    def read(self, path: Path, counted: Counted) -> Rows:
        """The posts of a file; a Doc that cannot be one is a `BadRow`."""
        for number, doc in enumerate(_docs(path), 1):
            where, name = f"{path}:{number}", f"{path.stem}-{number}"
            try:
                yield _post(doc, name, path.parent, where, counted)
            except DataError as error:
                yield BadRow(name, error.problem())
            except KeyError as error:  # a word's or a type's number that the file's list of strings has not
                damaged = DataError(f"a text is missing from the file: {error}", where, "Write it with DocBin.to_disk")
                yield BadRow(name, damaged.problem())

    def record(self, post: Post, folder: Path) -> Any:
        """The post as a Doc.

        Raises:
            MissingError: spaCy is not installed.
        """
        spacy = _spacy()
        tokens, spaces, words = _tokens(post)
        own: Json = {"id": post.id, "image_id": post.image_id, "image": picture_field(post, folder)}
        if words != [index for index, token in enumerate(tokens) if not token.isspace()]:
            own["words"] = words
        doc = spacy.tokens.Doc(VOCAB.get(), words=tokens, spaces=spaces, user_data={FIELD: own})
        if post.tags is not None:
            spans = [
                spacy.tokens.Span(doc, words[span.start], words[span.end - 1] + 1, label=span.type)
                for span in strict_spans(post.tags)
            ]
            doc.set_ents(spans, default="outside")
        return doc

    def post(self, record: Any, folder: Path) -> Post:
        """The post that a Doc is read as."""
        return _post(record, "", folder, "", Counted())

    @contextmanager
    def writer(self, path: Path) -> Iterator[Put]:
        """Gathers Docs, and writes them when the block ends well."""
        docs = _spacy().tokens.DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True)
        with atomic_binary(path) as handle:
            yield docs.add
            handle.write(docs.to_bytes())


class _Vocab:
    """One vocabulary for all Docs that are written: making one takes longer than a post."""

    def __init__(self) -> None:
        self._vocab: Any = None

    def get(self) -> Any:
        if self._vocab is None:
            self._vocab = _spacy().Vocab()
        return self._vocab


VOCAB = _Vocab()


def _spacy() -> Any:
    try:
        import spacy
        import spacy.tokens
    except ImportError as error:
        raise MissingError("spaCy is not installed", "spacy", install("formats")) from error
    return spacy


def _docs(path: Path) -> Iterator[Any]:
    """The Docs of a file, whose parts spaCy trusts: what is damaged fails in any way, at any Doc."""
    spacy = _spacy()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Check the path") from error
    number = 0
    try:
        for doc in spacy.tokens.DocBin().from_bytes(data).get_docs(spacy.Vocab()):
            yield doc
            number += 1
    except MemoryError:
        raise
    except Exception as error:  # spaCy, msgpack and zlib have no common base class
        what = f"not a whole DocBin, {number} Docs could be read: {type(error).__name__}: {error}"
        raise DataError(what, str(path), "Write it again with DocBin.to_disk") from error


def _tokens(post: Post) -> tuple[list[str], list[bool], list[int]]:
    """Tokens that make up the text with a space after each that has one, and which of them are the words."""
    tokens: list[str] = []
    spaces: list[bool] = []
    words: list[int] = []
    at = 0
    for start, end, is_word in [
        *((word.start, word.end, True) for word in post.words),
        (len(post.text),) * 2 + (False,),
    ]:
        gap = post.text[at:start]
        if gap.startswith(" ") and tokens:
            spaces[-1], gap = True, gap[1:]
        if gap:
            tokens.append(gap)
            spaces.append(False)
        if is_word:
            words.append(len(tokens))
            tokens.append(post.text[start:end])
            spaces.append(False)
        at = end
    return tokens, spaces, words


def _post(doc: Any, name: str, folder: Path, where: str, counted: Counted) -> Post:
    own = doc.user_data.get(FIELD)
    own = own if isinstance(own, dict) else {}
    words = own.get("words") or [token.i for token in doc if not token.text.isspace()]
    try:
        row = {field: own.get(field) for field in ("id", "image_id", "image")}
        row |= {"text": doc.text, "words": [doc[index].text for index in words]}
    except (IndexError, TypeError) as error:
        raise DataError(f"not the words of this Doc: {error}", where, f"Remove user_data[{FIELD!r}]") from None
    group = _span_group(doc)
    if doc.has_annotation("ENT_IOB"):
        tags = [_tag(token) for token in doc]
        missing = sum(token.ent_iob == 0 for token in doc)
        if 0 < missing < len(doc):
            counted.note("unannotated", where, f"{missing} of {len(doc)} tokens")
    elif group:
        tags = _group_tags(doc, group, where)
        counted.note("span-group", where, repr(group), group)
    else:
        tags = []
    if tags:
        kept = set(words)
        row["tags"] = left = kept_tags(tags, (token.i in kept for token in doc))
        if gone := len(strict_spans(tags)) - len(strict_spans(left)):
            counted.note("no-word", where, f"{gone} names of white space alone")
    _note_unread(doc, group if tags and not doc.has_annotation("ENT_IOB") else "", where, counted)
    return post_of(row, str(row["id"] or name), folder, where, counted)


def _tag(token: Any) -> str:
    """A token's tag; one that is blocked (B without a type), or of which nothing is said, is outside."""
    return f"{token.ent_iob_}-{token.ent_type_}" if token.ent_iob_ in {"B", "I"} and token.ent_type_ else "O"


def _span_group(doc: Any) -> str:
    """The key of the one group in `doc.spans`; empty where there is none, or several."""
    keys = [key for key in doc.spans if len(doc.spans[key])]
    return str(keys[0]) if len(keys) == 1 else ""


def _group_tags(doc: Any, key: str, where: str) -> list[str]:
    spans = sorted(Span(one.start, one.end, one.label_) for one in doc.spans[key])
    for before, after in pairwise(spans):
        if after.start < before.end:
            what = f"two spans of doc.spans[{key!r}] share the word {doc[after.start].text!r}"
            raise DataError(what, where, "Keep one of them, or set doc.ents")
    return spans_to_tags(spans, len(doc))


def _note_unread(doc: Any, group: str, where: str, counted: Counted) -> None:
    """Tell what of the Doc no post has a place for."""
    for key in doc.spans:
        if len(doc.spans[key]) and key != group:
            counted.note("unread-names", where, f"doc.spans[{key!r}]", f"spans {key}")
    left = [name for name in ("TAG", "POS", "MORPH", "LEMMA", "DEP", "ENT_KB_ID") if doc.has_annotation(name)]
    left += ["doc.cats"] if doc.cats else []
    left += [f"doc.user_data[{key!r}]"[:60] for key in doc.user_data if key != FIELD]
    for name in left:
        counted.note("unread-field", where, name, name)
