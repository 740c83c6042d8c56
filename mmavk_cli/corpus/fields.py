"""Objects as programs write them → our fields: under which names words, tags and entities are found in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Counted, Json
from mmavk_cli.corpus.tag_schemes import NAME_TAG

OWN = ("id", "text", "image", "image_id", "image_url")

WORDS = ("words", "tokens", "word", "token")
TAGS = ("tags", "ner_tags", "ner", "labels", "label", "ner_labels", "bio_tags", "iob_tags", "bio", "iob", "tag")
ENTITIES = (
    "entities",
    "label",
    "labels",
    "spans",
    "ents",
    "entity",
    "annotations",
    "ner",
    "named_entities",
    "mentions",
)
EMPTY_IS_NONE = frozenset({"entities", "label", "labels", "spans", "ents"})
"""Fields whose empty list says that there are no names; in the others it may say that nobody has looked."""

START = ("start", "start_offset", "start_char", "begin", "begin_offset")
END = ("end", "end_offset", "end_char", "stop")
KIND = ("type", "label", "entity_group", "entity_type", "entity_label", "tag", "entity", "class", "category", "labels")

TagNames = Mapping[str, Sequence[str]]
"""Field → the names of its tags, where they are numbers; the empty field stands for all that have none."""

TRIPLE = 3
DEEPEST = 6
"""Levels of a field that are searched for names."""

IGNORED = -100
"""What training scripts leave for the pieces of a word behind its first, and for special pieces."""


def own_fields(row: Json, where: str, counted: Counted, names: TagNames | None = None) -> Json:
    """The object with our fields alone; what is left aside is told.

    Args:
        row: The object.
        where: Its place.
        counted: Gets the fields that were not read.
        names: What numbers among the tags stand for.

    Raises:
        DataError: tags that are numbers without names, or `tokens` that are none.
    """
    own = {field: row.get(field) for field in OWN}
    read = {*OWN}
    field, words = _words(row, where)
    if field:
        own["words"] = words
        read.add(field)
    field, tags = _tags(row, words, where, names or {})
    if not field:
        field, own["entities"] = _entities(row, read)
    elif tags is not None:
        own["tags"] = tags
    read.add(field)
    for name, value in row.items():
        if name not in read and value not in (None, "", [], {}):
            kind = "unread-names" if _holds_names(value) else "unread-field"
            counted.note(kind, where, repr(name)[:60], name)
    return own


def _words(row: Json, where: str) -> tuple[str, Any]:
    """The field that holds the words, and what it holds; an empty name where none does."""
    for field in WORDS:
        value = row.get(field)
        if value is None or (field not in WORDS[:2] and not _strings(value)):
            continue
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            if not all(isinstance(one, dict) and isinstance(one.get("text"), str) for one in value):
                raise DataError(f"'{field}' is not a list of objects with 'text'", where, "Fix it or leave it out")
            return field, [one["text"] for one in value if one["text"].strip() or not one.get("disabled")]
        if not _strings(value):
            raise DataError(f"'{field}' is not a list of strings", where, "Fix it or leave it out")
        if not all(value):
            raise DataError(f"an empty string in '{field}'", where, "Remove it and its tag")
        return field, value
    return "", None


def _tags(row: Json, words: Any, where: str, names: TagNames) -> tuple[str, Any]:
    """The field that holds a tag for each word, and its tags."""
    for field in TAGS:
        value = row.get(field)
        if value is None or (field != TAGS[0] and not (isinstance(value, list) and value)):
            continue
        if isinstance(value, list) and value and all(type(one) is int for one in value) and words is not None:
            return field, _named(value, where, names.get(field) or names.get("", ()))
        fits = _strings(value) and words is not None and len(value) == len(words)
        like_tags = _strings(value) and words is not None and any(map(NAME_TAG.fullmatch, value))
        if field == TAGS[0] or fits or like_tags:
            return field, value
    return "", None


def _named(tags: Sequence[int], where: str, names: Sequence[str]) -> list[str]:
    """Tags that are numbers, by name.

    Raises:
        DataError: they have no names.
    """
    if IGNORED in tags:
        what = f"{IGNORED} among the tags: a training script left it for parts of words"
        raise DataError(what, where, "Take the data set as it was before its words were cut into pieces")
    if not names:
        what = "tags are numbers that the file does not name"
        raise DataError(what, where, "Say their names with data convert --tag-names O,B-PER,I-PER,… in their order")
    if not all(0 <= tag < len(names) for tag in tags):
        what = f"the tag {max(tags)} is none of the {len(names)} that have names, 0 to {len(names) - 1}"
        raise DataError(what, where, "Name them all")
    return [names[tag] for tag in tags]


def _entities(row: Json, read: set[str]) -> tuple[str, Any]:
    """The field that holds names by their characters, and those as ours."""
    for field in ENTITIES:
        value = _rows_of(row.get(field))
        if field in read or value is None:
            continue
        if value == []:
            if field in EMPTY_IS_NONE:
                return field, []
            continue
        made: list[Any] = [None]
        if isinstance(value, list):
            made = [_entity(one) for one in value]
        if all(one is not None for one in made):
            return field, made
        if field == ENTITIES[0] and not _social(value):
            return field, value  # whose fault is told by its reader
    return "", None


def _rows_of(value: Any) -> Any:
    """A list of objects that is written as an object of lists, as `datasets` does, made a list again."""
    if not isinstance(value, dict) or not value or not all(isinstance(one, list) for one in value.values()):
        return value
    if len({len(one) for one in value.values()}) > 1 or not _key(value, START):
        return value
    return [dict(zip(value, cells, strict=True)) for cells in zip(*value.values(), strict=True)]


def _entity(one: Any) -> Json | None:
    """A name as {start, end, type}; None where it is not one."""
    if isinstance(one, list):
        if len(one) != TRIPLE or not (type(one[0]) is int and type(one[1]) is int and isinstance(one[2], str)):
            return None
        return {"start": one[0], "end": one[1], "type": one[2]}
    if not isinstance(one, dict):
        return None
    start, end, kind = (one.get(_key(one, names)) for names in (START, END, KIND))
    if isinstance(kind, list) and len(kind) == 1:
        kind = kind[0]
    if type(start) is not int or type(end) is not int or not isinstance(kind, str):
        return None
    return {"start": start, "end": end, "type": kind, "text": one.get("text")}


def _key(one: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((name for name in names if name in one), "")


def _social(value: Any) -> bool:
    """Twitter's own `entities`: links, hashtags and who is mentioned."""
    return isinstance(value, dict) and bool(value.keys() & {"hashtags", "urls", "user_mentions", "symbols", "media"})


def _holds_names(value: Any, depth: int = 0) -> bool:
    """Something in a value looks like names: tags, or offsets with a type."""
    if depth > DEEPEST or _social(value):
        return False
    if isinstance(value, dict):
        inside = bool(_key(value, START) and _key(value, END))
        return inside or any(_holds_names(one, depth + 1) for one in value.values())
    if not isinstance(value, list):
        return False
    triple = len(value) >= TRIPLE and type(value[0]) is int and type(value[1]) is int and isinstance(value[2], str)
    like_tags = _strings(value) and any(map(NAME_TAG.fullmatch, value))
    return triple or like_tags or any(_holds_names(one, depth + 1) for one in value)


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
