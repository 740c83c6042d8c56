"""Which program's form an object of a JSON file is in; one file may mix them where `tag` reads it."""

from collections.abc import Callable
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Counted, Json
from mmavk_cli.corpus.formats.json_fields import from_doccano, from_prodigy
from mmavk_cli.corpus.formats.label_studio import LabelStudio, is_task, regions_field
from mmavk_cli.corpus.formats.own_form import OwnForm
from mmavk_cli.corpus.formats.training_tuples import SpacyPair, from_gliner
from mmavk_cli.corpus.json_values import is_pair
from mmavk_cli.corpus.jsonl import Layout

OWN = "jsonl"

FORMS: dict[str, Callable[[Counted], Layout]] = {
    OWN: OwnForm,
    "doccano": lambda _: from_doccano,
    "prodigy": lambda _: from_prodigy,
    "labelstudio": LabelStudio,
    "labelstudio-min": LabelStudio,
    "gliner": lambda _: from_gliner,
    "spacy-tuples": lambda _: SpacyPair(),
}
"""Name of a form → what makes its reader, a new one for each file."""


def form_of(row: Any) -> str:
    """The form of one value of a JSON file; our own where nothing tells another."""
    if not isinstance(row, dict):
        return "spacy-tuples" if is_pair(row) else OWN
    if "tokenized_text" in row:
        return "gliner"
    if is_task(row):
        return "labelstudio"
    if regions_field(row):
        return "labelstudio-min"
    labels = row.get("label", row.get("labels"))
    if isinstance(labels, list) and all(isinstance(one, list) for one in labels):
        return "doccano"
    tokens = row.get("tokens")
    objects = isinstance(tokens, list) and bool(tokens) and isinstance(tokens[0], dict)
    return "prodigy" if objects or row.keys() & {"spans", "_input_hash"} else OWN


class AnyForm:
    """Reads each row in the form that it is in."""

    takes_pairs = True

    def __init__(self, counted: Counted) -> None:
        self._counted = counted
        self._readers: dict[str, Layout] = {}

    def __call__(self, row: Any, where: str) -> Json:
        """The row with our fields.

        Raises:
            DataError: it is a form's, and is not as that form is.
        """
        if isinstance(row, dict) and "paragraphs" in row:
            what = "this is spaCy 2's JSON, which is not read"
            raise DataError(what, where, "Run: python -m spacy convert FILE OUT, and give the .spacy file")
        form = form_of(row)
        reader = self._readers.setdefault(form, FORMS[form](self._counted))
        return reader(row, where)
