"""Label Studio's JSON (a task with its annotations) and JSON-MIN (a row an annotation)."""

from pathlib import Path
from typing import Any

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Counted, Json, Post
from mmavk_cli.corpus.formats.format import picture_field
from mmavk_cli.corpus.formats.own_form import text_field
from mmavk_cli.corpus.formats.said import UNREAD, Said
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.spans import characters, strict_spans

FORM = "this is Label Studio's JSON"
FROM, TO = "label", "text"
"""Names of the tags in the labelling configuration: `<Labels name="label" toName="text">`."""


def is_task(row: Json) -> bool:
    """A task of Label Studio's JSON."""
    lists = [row.get("annotations"), row.get("completions"), row.get("predictions")]
    annotated = any(isinstance(one, list) and all(map(_is_annotation, one)) for one in lists)
    return isinstance(row.get("data"), dict) and annotated


def _is_annotation(item: Any) -> bool:
    return isinstance(item, dict) and ("result" in item or "completed_by" in item)


def regions_field(row: Json) -> str | None:
    """The field of a JSON-MIN row that holds its regions; it is called as the labelling configuration says."""
    for field, value in row.items():
        if isinstance(value, list) and value and all(isinstance(one, dict) and "labels" in one for one in value):
            return field
    return None


class LabelStudio:
    """Reads tasks, and rows of JSON-MIN."""

    def __init__(self, counted: Counted) -> None:
        self.say = Said(counted)

    def __call__(self, row: Json, where: str) -> Json:
        """The task's fields as ours.

        Raises:
            DataError: no text, or a region that is no name in it.
        """
        if "data" in row and isinstance(row["data"], dict):
            data, regions = row["data"], self._regions(row, where)
        else:
            field = regions_field(row) or FROM
            data, regions = row, row.get(field)
        name = text_field(data)
        if name is None:
            raise DataError(f"{FORM}, and its data has no text", where, f"Put it under {TO!r}")
        if name != TO:
            self.say(f"the text is read from {name!r}", where)
        text = data[name]
        own = {field: data.get(field) for field in ("image", "image_id", "words")}
        own |= {"id": data.get("post", data.get("id", row.get("id"))), "text": text}
        if not isinstance(regions, list):
            return own
        entities = [one for region in regions if (one := self._name(region, text, where))]
        return own | {"entities": entities}

    def _regions(self, task: Json, where: str) -> Any:
        """The regions of the annotation that counts: the ground truth, else the first that was not skipped."""
        annotations = task.get("annotations", task.get("completions")) or []
        done = [one for one in annotations if isinstance(one, dict) and not one.get("was_cancelled")]
        if len(done) > 1:
            self.say("more than one person annotated a task; the ground truth, else the first is read", where, UNREAD)
        if not done:
            if task.get("predictions"):
                self.say("predictions are not read, only annotations", where, UNREAD)
            return None
        chosen = next((one for one in done if one.get("ground_truth")), done[0])
        return chosen.get("result")

    def _name(self, region: Any, text: str, where: str) -> Json | None:
        value = region.get("value", region) if isinstance(region, dict) else None
        if not isinstance(value, dict):
            raise DataError(f"{FORM}, and a region in it is no object", where, "Export it again")
        labels = value.get("labels")
        if not labels:
            kind = region.get("type", "without labels")
            self.say(f"regions that are no names are not read ({kind})", where, UNREAD)
            return None
        if len(labels) > 1:
            raise DataError(f"{FORM}, and a region has {len(labels)} labels: {labels!r}", where, "Keep one of them")
        start, end = value.get("start"), value.get("end")
        if type(start) is not int or type(end) is not int:
            what = f"{FORM}, and a region's start and end are no numbers"
            raise DataError(what, where, "Only names in a <Text> are read, not in HyperText or pictures")
        surface = value.get("text")
        if isinstance(surface, str) and not _same(text[start:end], surface):
            start, end = self._utf16(start, end, text, surface, where)
        return {"start": start, "end": end, "type": labels[0]}

    def _utf16(self, start: int, end: int, text: str, surface: str, where: str) -> tuple[int, int]:
        """The offsets in characters, where they fit the region's text as JavaScript's units."""
        units = text.encode("utf-16-le")
        try:
            first, name = units[: 2 * start].decode("utf-16-le"), units[2 * start : 2 * end].decode("utf-16-le")
        except UnicodeDecodeError:
            name = ""
        if not name or not _same(name, surface):
            what = f"{FORM}, and the text at {start}:{end} is {text[start:end]!r}, not {surface!r}"
            raise DataError(what, where, "Export it again, with the text it was annotated in")
        self.say("offsets count UTF-16 units, and are converted", where)
        return len(first), len(first) + len(name)


def _same(text: str, surface: str) -> bool:
    return text.split() == surface.replace("\\n", "\n").split()


def to_task(post: Post, folder: Path) -> Json:
    """A task with one annotation; without tags it has none."""
    task: Json = {"data": _data(post, folder)}
    if post.tags is not None:
        result = [
            {"id": f"n{number}", "from_name": FROM, "to_name": TO, "type": "labels", "value": value}
            for number, value in enumerate(_values(post), 1)
        ]
        task["annotations"] = [{"result": result}]
    return task


def to_min(post: Post, folder: Path) -> Json:
    """A row of JSON-MIN."""
    return _data(post, folder) | ({} if post.tags is None else {FROM: _values(post)})


def _data(post: Post, folder: Path) -> Json:
    fields = {"post": post.id, "image_id": post.image_id, "image": picture_field(post, folder)}
    words = {} if post.words == cut(post.text) else {"words": post.raw_words()}
    return {TO: post.text} | {name: value for name, value in fields.items() if value is not None} | words


def _values(post: Post) -> list[Json]:
    found = []
    for span in strict_spans(post.tags or ()):
        start, end = characters(span, post.words)
        found.append({"start": start, "end": end, "text": post.text[start:end], "labels": [span.type]})
    return found
