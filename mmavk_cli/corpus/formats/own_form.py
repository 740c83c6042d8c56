"""Objects with our own fields and their relatives: other names of the text, Twitter's tweets, other lists of names."""

import re

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Counted, Json
from mmavk_cli.corpus.formats.said import UNREAD, Said

TEXT_FIELDS = (
    "text", "full_text", "content", "tweet", "tweet_text", "body", "data", "post", "post_text", "message", "sentence",
    "comment", "caption", "title",
)  # fmt: skip
"""Where the text is looked for, in this order."""

NAME_FIELDS = ("entities", "ents", "entity", "annotations", "labels", "label", "spans")
"""Where names may be whose types are numbers or tags of pieces."""

_TWITTER = {"hashtags", "urls", "user_mentions", "mentions", "symbols", "cashtags", "media", "annotations", "polls"}
_PREFIX = re.compile(r"([BI])-(.+)")


def text_field(row: Json) -> str | None:
    """The field of an object that holds its text, None where there is none."""
    return next((name for name in TEXT_FIELDS if isinstance(row.get(name), str)), None)


class OwnForm:
    """Brings objects nearer to our fields; `corpus/fields.py` does the rest."""

    def __init__(self, counted: Counted) -> None:
        self.say = Said(counted)

    def __call__(self, row: Json, where: str) -> Json:
        """The object with a `text`, without Twitter's own `entities`, its names' types being texts.

        Raises:
            DataError: it is what a pipeline found, without the text.
        """
        if "score" in row and row.keys() & {"entity", "entity_group"} and text_field(row) is None:
            what = "this is what a transformers pipeline found, without its text"
            raise DataError(what, where, 'Write {"text": "...", "entities": [...]}')
        own = dict(row)
        if isinstance(row.get("id_str"), str):
            own["id"] = own.pop("id_str")
        self._take_text(own, where)
        social = own.get("entities")
        if isinstance(social, dict) and (not social or social.keys() & _TWITTER):
            self.say("'entities' is Twitter's own (hashtags, links, handles) and holds no names", where, UNREAD)
            del own["entities"]
        for field in NAME_FIELDS:
            value = own.get(field)
            if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
                own[field] = self._names(value, where)
        return own

    def _take_text(self, own: Json, where: str) -> None:
        if own.get("text") is None and (own.get("words") or own.get("tokens")) is not None:
            return
        extended = own.get("extended_tweet")
        if isinstance(extended, dict) and isinstance(extended.get("full_text"), str):
            own["text"] = own.pop("extended_tweet")["full_text"]
        elif own.get("truncated") is True and isinstance(own.get("full_text"), str):
            own["text"] = own.pop("full_text")
        elif own.get("text") is None and (name := text_field(own)):
            self.say(f"the text is {name!r}", where)
            own["text"] = own.pop(name)

    def _names(self, values: list[Json], where: str) -> list[Json]:
        """Names whose types are numbers as texts; the tags of a token classifier's pieces joined to names."""
        found: list[Json] = []
        for value in values:
            field = next((name for name in ("type", "label", "entity_group", "entity") if name in value), "")
            kind = value.get(field)
            if type(kind) is int:
                self.say(f"types are numbers ({kind}), which the file does not name; they are kept so", where)
                found.append(value | {field: str(kind)})
                continue
            match = _PREFIX.fullmatch(kind) if isinstance(kind, str) and field == "entity" else None
            if match is None:
                found.append(value)
                continue
            before = found[-1] if found else None
            if match[1] == "I" and before is not None and _touches(before, value) and before["entity"] == match[2]:
                before["end"] = value["end"]
            else:
                found.append(value | {"entity": match[2]})
        return found


def _touches(before: Json, value: Json) -> bool:
    end, start = before.get("end"), value.get("start")
    return isinstance(end, int) and isinstance(start, int) and 0 <= start - end <= 1 and "entity" in before
