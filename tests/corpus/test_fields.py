"""Every field of an object is read or told, whatever program wrote it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.records import Counted, Json, Post, Span
from mmavk_cli.corpus.fields import ENTITIES, TAGS, own_fields
from mmavk_cli.corpus.formats.registry import FORMATS
from mmavk_cli.corpus.jsonl import read_jsonl
from mmavk_cli.spans import characters, strict_spans

WORDS = ["Ann", "Lee", "visits", "Rome"]
IOB2 = ["B-PER", "I-PER", "O", "B-LOC"]
TEXT = " ".join(WORDS)
NAMES = [(0, 7, "PER"), (15, 19, "LOC")]


def read(row: Json) -> tuple[Post, dict[str, str]]:
    counted = Counted()
    (post,) = read_jsonl(io.BytesIO(json.dumps(row).encode()), "f.jsonl", counted=counted)
    assert isinstance(post, Post), post
    return post, {group or kind: kind for kind, group in counted.notes}


def names(post: Post) -> list[tuple[int, int, str]]:
    return [(*characters(span, post.words), span.type) for span in strict_spans(post.tags or ())]


@pytest.mark.parametrize("field", TAGS)
def test_tags_under_every_name(field: str):
    post, told = read({"tokens": WORDS, field: IOB2})
    assert (post.tags, told) == (tuple(IOB2), {})


@pytest.mark.parametrize("field", ENTITIES)
@pytest.mark.parametrize(
    "made",
    [
        lambda start, end, kind: [start, end, kind],
        lambda start, end, kind: {"start": start, "end": end, "label": kind},
        lambda start, end, kind: {"start_offset": start, "end_offset": end, "label": kind, "id": 7},
        lambda start, end, kind: {"begin": start, "end": end, "labels": [kind]},
        lambda start, end, kind: {"start": start, "end": end, "entity_group": kind, "score": 0.9, "word": "x"},
    ],
    ids=["triple", "label", "offset", "begin", "group"],
)
def test_entities_under_every_name_in_every_form(field: str, made: Any):
    post, told = read({"text": TEXT, field: [made(*name) for name in NAMES]})
    assert (names(post), told) == (NAMES, {})


def test_an_object_of_lists():
    lists = {"start": [0, 15], "end": [7, 19], "type": ["PER", "LOC"]}
    assert names(read({"text": TEXT, "entities": lists})[0]) == NAMES


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"annotations": [{"label": 7, "start_offset": 0, "end_offset": 7}]}, {"annotations": "unread-names"}),
        ({"annotations": [{"result": [{"value": {"start": 0, "end": 7}}]}]}, {"annotations": "unread-names"}),
        ({"x": {"deep": [[0, 7, "PER"]]}}, {"x": "unread-names"}),
        ({"guess": ["O", "B-PER"]}, {"guess": "unread-names"}),
        ({"label": "positive", "meta": {"user": 1}}, {"label": "unread-field", "meta": "unread-field"}),
        ({"labels": ["news"], "lang": "en"}, {"labels": "unread-field", "lang": "unread-field"}),
        ({"entities": {"hashtags": [{"indices": [0, 3]}], "urls": []}}, {"entities": "unread-field"}),
        ({"relations": [], "meta": {}, "note": "", "x": None}, {}),
    ],
)
def test_what_is_not_read_is_told(row: Json, told: dict[str, str]):
    post, found = read({"text": TEXT} | row)
    assert (post.tags, found) == (None, told)


def test_of_two_fields_with_names_the_other_is_told():
    post, told = read({"tokens": WORDS, "tags": IOB2, "entities": [[0, 3, "LOC"]], "ner_tags": ["O"] * 4})
    assert (post.tags, told["entities"]) == (tuple(IOB2), "unread-names")
    assert told["ner_tags"] == "unread-field"


values = st.one_of(
    st.none(), st.text(max_size=3), st.integers(), st.just([]), st.just({}),
    st.lists(st.sampled_from(IOB2), min_size=4, max_size=4),
    st.lists(st.sampled_from(NAMES).map(list), min_size=1, max_size=2, unique_by=str),
    st.lists(st.just({"start": 0, "end": 3, "label": "PER"}), min_size=1, max_size=1),
    st.dictionaries(st.sampled_from(("a", "start", "end")), st.integers(0, 3)),
)  # fmt: skip
rows = st.dictionaries(st.one_of(st.sampled_from((*TAGS[1:], *ENTITIES[1:])), st.text(min_size=1, max_size=3)), values)


@given(row=rows, words=st.booleans())
def test_every_field_is_read_or_told(row: Json, words: bool):
    given_row = {**row, "text": TEXT, "id": "1"} | ({"words": WORDS} if words else {})
    post, told = read(given_row)
    left = {name for name, value in given_row.items() if value not in (None, "", [], {})} - {"text", "id", "words"}
    left -= {"image", "image_id", "image_url"}
    read_field = left - told.keys()
    assert told.keys() <= left
    assert len(read_field) <= 1
    assert (post.tags is not None) >= bool(read_field)


@given(spans=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(("PER", "LOC"))), unique_by=lambda one: one[0]))
def test_numbers_with_names(spans: list[tuple[int, str]]):
    listed = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    numbers = [0] * 4
    for at, kind in spans:
        numbers[at] = listed.index(f"B-{kind}")
    row = own_fields({"tokens": WORDS, "ner_tags": numbers}, "f:1", Counted(), {"": listed})
    found = strict_spans(row["tags"])
    assert found == sorted(Span(at, at + 1, kind) for at, kind in spans)


def test_tag_names_and_offsets_on_the_command_line(mmavk, tmp_path: Path):
    path = tmp_path / "n.jsonl"
    path.write_text(json.dumps({"tokens": WORDS, "ner_tags": [1, 2, 0, 3]}) + "\n")
    code, out, err = mmavk("data", "convert", path, "-", "--to", "jsonl", "--tag-names", "O,B-PER,I-PER,B-LOC")
    assert (code, json.loads(out)["tags"]) == (0, IOB2)
    assert "everything is kept" in err
    path.write_text(json.dumps({"text": f"😀 {TEXT}", "label": [[3, 10, "PER"], [18, 22, "LOC"]]}) + "\n")
    code, out, err = mmavk("data", "convert", path, "-", "--to", "jsonl", "--offsets", "utf16")
    assert (code, json.loads(out)["tags"]) == (0, ["O", *IOB2])
    assert "everything is kept" in err


@pytest.mark.parametrize("name", ["jsonl", "doccano", "prodigy"])
def test_schemes_of_the_whole_file(name: str, tmp_path: Path):
    path = tmp_path / "f.jsonl"
    rows = [{"id": "1", "words": WORDS, "tags": ["I-PER", "I-PER", "O", "I-LOC"]}, {"words": ["x"], "tags": ["O"]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    counted = Counted()
    first, _ = FORMATS[name].read(path, counted)
    assert isinstance(first, Post)
    assert first.tags == tuple(IOB2)
    assert [note.where for note in counted.notes.values() if note.kind == "scheme"] == [f"{path}:1"]
