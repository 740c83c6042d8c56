"""Rows of a JSON file, however they are laid out: every one is read, or told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.corpus.json_values import json_values

texts = st.text(max_size=8)
rows = st.lists(
    st.fixed_dictionaries({"text": texts}, optional={"id": st.integers(), "tags": st.lists(texts, max_size=3)}),
    min_size=1,
    max_size=5,
)


def dumped(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


LAYOUTS = {
    "lines": lambda rows: "\n".join(map(dumped, rows)),
    "lines with blank ones": lambda rows: "\n\n".join(map(dumped, rows)) + "\n",
    "a list on one line": dumped,
    "a list over lines": lambda rows: dumped(rows, 2),
    "objects over lines": lambda rows: "\n".join(dumped(row, 2) for row in rows),
    "one object of posts": lambda rows: dumped({"posts": rows, "summary": {"posts": len(rows)}}),
    "one object of posts over lines": lambda rows: dumped({"posts": rows}, 2),
    "Twitter's API v2": lambda rows: dumped({"data": rows, "includes": {"users": []}, "meta": {}}),
    "Twitter's archive": lambda rows: "window.YTD.tweets.part0 = " + dumped([{"tweet": row} for row in rows], 2),
    "the hub's viewer": lambda rows: dumped({"rows": [{"row_idx": 1, "row": row} for row in rows]}),
    "a byte order mark": lambda rows: "\ufeff" + dumped(rows, 1),
}


def read(text: str) -> list[Any]:
    return [value for _, value in json_values(text.encode().splitlines(keepends=True), "f.json")]


@pytest.mark.parametrize("layout", LAYOUTS)
@given(rows=rows)
def test_every_layout_gives_the_same_rows(layout: str, rows: list[Any]):
    assert read(LAYOUTS[layout](rows)) == rows


CUT = ("lines", "a list on one line", "a list over lines", "one object of posts over lines")


@pytest.mark.parametrize("layout", CUT)
@given(rows=rows, data=st.data())
def test_a_file_that_is_cut_off_is_told(layout: str, rows: list[Any], data: st.DataObject):
    whole = LAYOUTS[layout](rows)
    cut = whole[: data.draw(st.integers(1, max(1, len(whole) - 1)))]
    found = read(cut)
    faults = [value for value in found if isinstance(value, DataError)]
    good = [value for value in found if isinstance(value, dict)]
    assert good == rows[: len(good)]
    assert (
        faults or len(found) > len(good) or len(good) == len(rows) or (layout == "lines" and cut.endswith(("}", "}\n")))
    )
    assert all(fault.where.startswith("f.json:") for fault in faults)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('[\n{"text": "a"},\n{"text": "b"}\n]\n', [2, 3]),
        ('{"text": "a"}\n\n{"text": "b"}\n', [1, 3]),
        ('\n{\n  "text": "a"\n}\n{\n  "text": "b"\n}', [2, 5]),
    ],
)
def test_rows_have_the_number_of_their_line(text: str, lines: list[int]):
    found = list(json_values(text.encode().splitlines(keepends=True), "f"))
    assert [number for number, _ in found] == lines
    assert [value["text"] for _, value in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[{"text": "a"}', "the list has no end"),
        ('[{"text": "a"}] {"text": "b"}', "more behind the list"),
        ('[\n{"text": "a"},\n{"text" "b"},\n{"text": "c"}]', "nothing from here on is read"),
        ('{"posts": [{"text": "a"}, null]}', "row 2 of the list is null"),
    ],
)
def test_what_is_not_read_is_told(text: str, what: str):
    first, fault = read(text)
    assert first == {"text": "a"}
    assert isinstance(fault, DataError)
    assert what in fault.what


def test_a_training_example_on_a_line_is_no_list_of_rows():
    pair = ["Ann", {"entities": []}]
    assert read(f"{dumped(pair)}\n{dumped(pair)}") == [pair, pair]
    assert read(dumped([pair, pair])) == [pair, pair]
    assert read(dumped({"classes": ["PER"], "annotations": [pair, pair]})) == [pair, pair]


def test_what_is_annotated_in_one_post_is_no_list_of_rows():
    row = {"data": {"text": "Ann"}, "annotations": [{"result": []}]}
    old = {"content": "Ann", "annotations": [{"label": 1, "start_offset": 0, "end_offset": 3}]}
    assert read(dumped(row)) == [row]
    assert read(dumped(old)) == [old]


def test_a_list_of_texts_is_one_of_posts():
    assert read('["Ann", "Lee"]') == [{"text": "Ann"}, {"text": "Lee"}]
    assert read('"Ann"') == ["Ann"], "which is no object"


def test_an_empty_list_has_no_rows():
    assert read("[]") == read("[\n]\n") == read("") == []
