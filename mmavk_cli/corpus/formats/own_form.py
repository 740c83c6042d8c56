"""Objects with our own fields and their relatives: other names of the text, Twitter's tweets, other lists of names."""

import re
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Counted, Json
from mmavk_cli.corpus.formats.said import UNREAD, Said

TEXT_FIELDS = (
    "text", "full_text", "content", "tweet", "tweet_text", "body", "data", "post", "post_text", "message", "sentence",
    "comment", "caption", "title",
)  # fmt: skip
"""Where the text is looked for, in this order."""

NAME_FIELDS = ("entities", "ents", "entity", "annotations")
"""Where names are looked for, in this order: ours, displaCy's, a common slip, doccano's until 2021."""

_TWITTER = {"hashtags", "urls", "user_mentions", "mentions", "symbols", "cashtags", "media", "annotations", "polls"}
_STARTS = ("start", "start_offset", "start_char", "begin")
_ENDS = ("end", "end_offset", "end_char")
_TYPES = ("type", "label", "entity_group", "entity", "tag", "ner")
_PREFIX = re.compile(r"([BI])-(.+)")

EXPECTED = 'Write {"start": 0, "end": 5, "type": "PER"}'


def text_field(row: Json) -> str | None:
    """The field of an object that holds its text, None where there is none."""
    return next((name for name in TEXT_FIELDS if isinstance(row.get(name), str)), None)


class OwnForm:
    """Reads objects as ours; what it takes from fields of another name is told."""

    def __init__(self, counted: Counted) -> None:
        self.say = Said(counted)

    def __call__(self, row: Json, where: str) -> Json:
        """The object with our fields.

        Raises:
            DataError: a list of names that cannot be read.
        """
        if "score" in row and row.keys() & {"entity", "entity_group"} and text_field(row) is None:
            what = "this is what a transformers pipeline found, without its text"
            raise DataError(what, where, 'Write {"text": "...", "entities": [...]}')
        own = dict(row)
        if isinstance(row.get("id_str"), str):
            own["id"] = row["id_str"]
        self._take_text(own, where)
        if row.get("tags") is None:
            own["entities"] = self._names(row, where)
        return own

    def _take_text(self, own: Json, where: str) -> None:
        if own.get("text") is None and (own.get("words") or own.get("tokens")) is not None:
            return
        extended = own.get("extended_tweet")
        if isinstance(extended, dict) and isinstance(extended.get("full_text"), str):
            own["text"] = extended["full_text"]
        elif own.get("truncated") is True and isinstance(own.get("full_text"), str):
            own["text"] = own["full_text"]
        elif own.get("text") is None and (name := text_field(own)):
            self.say(f"the text is read from {name!r}", where)
            own["text"] = own[name]

    def _names(self, row: Json, where: str) -> Any:
        for field in NAME_FIELDS:
            value = row.get(field)
            if isinstance(value, dict) and (not value or value.keys() & _TWITTER):
                self.say(f"{field!r} is Twitter's own (hashtags, links, handles) and holds no names", where, UNREAD)
            elif value is not None and field == "entities" and not isinstance(value, list):
                return value  # which is told as a fault
            elif isinstance(value, list):
                if field != "entities":
                    self.say(f"names are read from {field!r}", where)
                return self.names(value, where)
        return None

    def names(self, values: list[Any], where: str) -> list[Json]:
        """Names in any of the usual forms as ours; the tags of a token classifier's pieces are joined to names.

        Raises:
            DataError: one is in none of them.
        """
        found: list[Json] = []
        for value in values:
            name = self._name(value, where)
            match = _PREFIX.fullmatch(name["type"]) if isinstance(name["type"], str) else None
            if match is None:
                found.append(name)
                continue
            name["type"] = match[2]
            before = found[-1] if found else None
            touches = before is not None and type(name["start"]) is int and name["start"] - before["end"] <= 1
            if match[1] == "I" and before is not None and touches and before["type"] == match[2]:
                before["end"] = name["end"]
            else:
                found.append(name)
        return found

    def _name(self, value: Any, where: str) -> Json:
        if isinstance(value, list) and len(value) >= 3:  # noqa: PLR2004
            start, end, kind = value[:3]
            return {"start": start, "end": end, "type": self._type(kind, where)}
        if not isinstance(value, dict):
            raise DataError("a name is neither an object nor [start, end, type]", where, EXPECTED)
        kind = next((value[name] for name in _TYPES if value.get(name) is not None), value.get("labels"))
        name = {
            "start": next((value[one] for one in _STARTS if one in value), None),
            "end": next((value[one] for one in _ENDS if one in value), None),
            "type": self._type(kind, where),
        }
        return name | ({"text": value["text"]} if "text" in value and "type" in value else {})

    def _type(self, kind: Any, where: str) -> Any:
        if isinstance(kind, list):
            if len(kind) != 1:
                raise DataError(f"a name has {len(kind)} types: {kind!r}", where, "Keep one of them")
            kind = kind[0]
        if type(kind) is int:
            self.say(f"types are numbers ({kind}), which the file does not name; they are kept as they are", where)
            return str(kind)
        return kind
