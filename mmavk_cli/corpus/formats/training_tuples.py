"""Training examples of GLiNER and spaCy, as people keep them in JSON files."""

from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Json
from mmavk_cli.corpus.json_values import is_pair
from mmavk_cli.corpus.tokenize import joined

TRIPLE = 3


def from_gliner(row: Json, where: str) -> Json:
    """`tokenized_text` and `ner`, a list of [first word, last word, type]: the last word belongs to the name.

    Raises:
        DataError: a field that is not what GLiNER has there.
    """
    tokens, names = row.get("tokenized_text"), row.get("ner")
    own = {field: row.get(field) for field in ("id", "image", "image_id")}
    if not isinstance(tokens, list) or not all(isinstance(token, str) and token for token in tokens):
        raise DataError("this is GLiNER's form, and 'tokenized_text' is no list of words", where, "Mend it")
    own["words"] = tokens
    if names is None:
        return own
    words = joined(tokens)[1]
    entities = []
    for name in names if isinstance(names, list) else [None]:
        if name is None or not _is_name(name, len(words)):
            what = f"this is GLiNER's form, and {name!r} in 'ner' is not [first word, last word, type]"
            raise DataError(what, where, f"Words count from 0 to {len(words) - 1}, the last one belongs to the name")
        entities.append({"start": words[name[0]].start, "end": words[name[1]].end, "type": name[2]})
    return own | {"entities": entities}


def _is_name(value: Any, words: int) -> bool:
    if not isinstance(value, list) or len(value) < TRIPLE:
        return False
    first, last, kind = value[:TRIPLE]
    return type(first) is int and type(last) is int and 0 <= first <= last < words and isinstance(kind, str)


class SpacyPair:
    """Reads spaCy's `["text", {"entities": [[0, 7, "PER"]]}]`."""

    takes_pairs = True

    def __call__(self, row: Any, where: str) -> Json:
        """The example as our fields.

        Raises:
            DataError: it is no such pair.
        """
        if not is_pair(row):
            raise DataError("this is no [text, {…}] of spaCy's training examples", where, "Write one a line")
        text, about = row
        return {**about, "text": text}
