"""Objects in the forms of other programs: what each says of a post is in the post, or told."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.records import BadRow, Counted, Post
from mmavk_cli.corpus.formats.json_forms import form_of
from mmavk_cli.corpus.formats.lines import ANY_JSON
from mmavk_cli.corpus.formats.own_form import TEXT_FIELDS
from mmavk_cli.corpus.formats.registry import READERS, by_content
from mmavk_cli.spans import characters, strict_spans

TEXT = "Ann Lee visits Rome"
NAMES = [("Ann Lee", "PER"), ("Rome", "LOC")]
REGIONS = [
    {"value": {"start": 0, "end": 7, "text": "Ann Lee", "labels": ["PER"]}, "type": "labels"},
    {"value": {"start": 15, "end": 19, "text": "Rome", "labels": ["LOC"]}, "type": "labels"},
]
SPANS = [{"start": 0, "end": 7, "label": "PER"}, {"start": 15, "end": 19, "label": "LOC"}]
FORMS: dict[str, Any] = {
    "labelstudio": {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": REGIONS}]},
    "labelstudio-min": {"id": 1, "text": TEXT, "ner": [region["value"] for region in REGIONS], "annotator": 1},
    "gliner": {"tokenized_text": TEXT.split(), "ner": [[0, 1, "PER"], [3, 3, "LOC"]]},
    "spacy-tuples": [TEXT, {"entities": [[0, 7, "PER"], [15, 19, "LOC"]]}],
    "doccano": {"text": TEXT, "label": [[0, 7, "PER"], [15, 19, "LOC"]]},
    "prodigy": {"text": TEXT, "spans": SPANS},
    "jsonl": {"full_text": TEXT, "ents": SPANS},
}


def task(*results: Any, **data: Any) -> Any:
    """A task of Label Studio."""
    return {"data": data or {"text": TEXT}, "annotations": [{"result": list(results)}]}


def region(start: Any, end: Any, text: str) -> Any:
    return {"value": {"start": start, "end": end, "text": text, "labels": ["PER"]}}


def read(*values: Any) -> tuple[list[Post | BadRow], Counted]:
    counted = Counted()
    lines = [json.dumps(value).encode() + b"\n" for value in values]
    return list(ANY_JSON.read_lines(lines, counted)), counted


def names(post: Post | BadRow) -> list[tuple[str, str]]:
    assert isinstance(post, Post), post
    return [(post.text[slice(*characters(one, post.words))], one.type) for one in strict_spans(post.tags or ())]


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_known_and_read(form: str, tmp_path: Path):
    assert form_of(FORMS[form]) == form
    (post,), _ = read(FORMS[form])
    assert (post.text, names(post)) == (TEXT, NAMES)  # type: ignore[union-attr]
    for name, content in (("a.json", [FORMS[form]]), ("b.jsonl", FORMS[form])):
        path = tmp_path / name
        path.write_text(json.dumps(content, indent=2 if name == "a.json" else None))
        assert by_content(path) == form
        (post,) = READERS[form].read(path, Counted())
        assert names(post) == NAMES


def test_one_file_may_mix_forms():
    found, _ = read(*FORMS.values())
    assert [names(post) for post in found] == [NAMES] * len(FORMS)


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_the_text_has_many_names_and_which_is_told(field: str):
    (post,), counted = read({field: TEXT, "id": 7})
    assert (post.text, post.id) == (TEXT, "7")  # type: ignore[union-attr]
    said = [note.detail for note in counted.notes.values() if note.kind == "reading"]
    assert said == ([] if field == "text" else [f"the text is {field!r}"])


def test_the_first_name_of_the_text_counts_and_the_others_are_told():
    (post,), counted = read({"body": "no", "full_text": TEXT})
    assert post.text == TEXT  # type: ignore[union-attr]
    assert "'body'" in [note.detail for note in counted.notes.values()]


@pytest.mark.parametrize(
    "tweet",
    [
        {"id_str": "9", "full_text": TEXT, "entities": {"hashtags": [], "urls": [], "user_mentions": []}},
        {"id": 9, "text": TEXT, "entities": {"mentions": [{"start": 0, "end": 3, "username": "a"}]}},
        {"id_str": "9", "text": "Ann…", "truncated": True, "extended_tweet": {"full_text": TEXT}, "entities": {}},
    ],
)
def test_a_tweet_is_a_post_and_its_own_entities_are_left_alone(tweet: dict[str, Any]):
    (post,), counted = read(tweet)
    assert (post.id, post.text, post.tags) == ("9", TEXT, None)  # type: ignore[union-attr]
    assert any("Twitter's own" in note.detail for note in counted.notes.values())


def test_pieces_of_a_token_classifier_become_names():
    pieces = [
        {"entity": "B-PER", "start": 0, "end": 3, "word": "Ann", "score": 0.9},
        {"entity": "I-PER", "start": 4, "end": 7, "word": "Lee", "score": 0.9},
        {"entity": "B-LOC", "start": 15, "end": 17, "word": "Ro", "score": 0.9},
        {"entity": "I-LOC", "start": 17, "end": 19, "word": "##me", "score": 0.9},
    ]
    (post,), _ = read({"text": TEXT, "entities": pieces})
    assert names(post) == NAMES


def test_types_that_are_numbers_are_kept_and_told():
    old = {"label": 7, "start_offset": 0, "end_offset": 7, "user": 1}
    (post,), counted = read({"text": TEXT, "annotations": [old]})
    assert names(post) == [("Ann Lee", "7")]
    assert any("numbers" in note.detail for note in counted.notes.values())


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({"entity_group": "PER", "score": 0.9, "start": 0, "end": 3, "word": "Ann"}, "transformers pipeline"),
        ({"paragraphs": []}, "spaCy 2's JSON"),
        ({"tokenized_text": ["Ann"], "ner": [[0, 1, "PER"]]}, "GLiNER"),
        (task(value=3), "Label Studio"),
        (task(region("/p[1]", "/p[1]", "Ann")), "HyperText"),
        (task(region(0, 3, "Lee")), "not 'Lee'"),
        ([1, 2], "not an object"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_names_its_form(value: Any, what: str):
    (row,), _ = read(value if isinstance(value, dict) else [value])
    assert isinstance(row, BadRow)
    assert what in f"{row.problem.what} {row.problem.do}"


def test_label_studio_offsets_in_utf16_units_are_converted():
    text = "👩 Ann in Rome"
    (post,), counted = read(task(region(3, 6, "Ann"), text=text))
    assert names(post) == [("Ann", "PER")]
    assert any("UTF-16" in note.detail for note in counted.notes.values())


def test_label_studio_the_ground_truth_counts_and_the_rest_is_told():
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    truth, skipped = {"result": [*REGIONS, relation], "ground_truth": True}, {"result": [], "was_cancelled": True}
    (post,), counted = read({"data": {"text": TEXT}, "annotations": [{"result": []}, truth, skipped]})
    assert names(post) == NAMES
    said = " ".join(note.detail for note in counted.notes.values())
    assert "more than one person" in said
    assert "relation" in said


def test_label_studio_a_task_without_annotation_has_no_tags():
    tasks = [{"data": {"text": TEXT}, "annotations": []}, {"data": {"text": TEXT}, "annotations": [{"result": []}]}]
    (first, second), _ = read(*tasks)
    assert first.tags is None  # type: ignore[union-attr]
    assert second.tags == ("O",) * 4  # type: ignore[union-attr]


words = st.lists(st.text(alphabet="abÄ👩.", min_size=1, max_size=4), min_size=1, max_size=6)


@given(tokens=words, data=st.data())
def test_gliner_every_name_is_in_the_post(tokens: list[str], data: st.DataObject):
    first = data.draw(st.integers(0, len(tokens) - 1))
    last = data.draw(st.integers(first, len(tokens) - 1))
    (post,), _ = read({"tokenized_text": tokens, "ner": [[first, last, "PER"]]})
    assert names(post) == [(" ".join(tokens[first : last + 1]), "PER")]
    assert [word.text for word in post.words] == tokens  # type: ignore[union-attr]
