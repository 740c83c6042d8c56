"""What is in a Parquet or Arrow file is in its posts, or told."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmavk_cli.base.records import BadRow, Counted, Post, Row
from mmavk_cli.corpus.fields import TAGS
from mmavk_cli.corpus.formats.parquet import ParquetFile
from mmavk_cli.corpus.jsonl import Reading

pyarrow = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")

WORDS = ["Ann", "Lee", "visits", "Rome"]
IOB2 = ("B-PER", "I-PER", "O", "B-LOC")
NAMES = ["O", "B-PER", "I-PER", "B-LOC"]


def read(columns: dict[str, Any], names: dict[str, list[str]] | None = None, reading: Reading | None = None):
    features = {name: {"feature": {"names": own, "_type": "ClassLabel"}} for name, own in (names or {}).items()}
    table = pyarrow.table(columns).replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )
    rows: list[list[Row]] = []
    counted = Counted()
    with TemporaryDirectory() as folder:
        parquet, arrow = Path(folder) / "f.parquet", Path(folder) / "f.arrow"
        pyarrow.parquet.write_table(table, parquet)
        with pyarrow.ipc.new_stream(str(arrow), table.schema) as stream:
            stream.write_table(table)
        for path, own in ((parquet, Counted()), (arrow, counted)):
            rows.append(list(ParquetFile(reading=reading or Reading()).read(path, own)))
    brief = [[row.tags if isinstance(row, Post) else row.problem.what for row in own] for own in rows]
    assert brief[0] == brief[1]
    return rows[0], {group or kind: kind for kind, group in counted.notes}


@pytest.mark.parametrize("field", TAGS)
def test_tags_under_every_name(field: str):
    (row,), told = read({"tokens": [WORDS], field: [list(IOB2)], "lang": ["en"]})
    assert isinstance(row, Post)
    assert (row.tags, told) == (IOB2, {"lang": "unread-field"})


@pytest.mark.parametrize("field", ["ner_tags", "labels", "tags"])
def test_numbers_have_their_names_from_the_file_or_a_person(field: str):
    columns = {"word": [WORDS], field: [[1, 2, 0, 3]]}
    (row,), _ = read(columns, {field: NAMES})
    assert isinstance(row, Post)
    assert row.tags == IOB2
    (row,), _ = read(columns, reading=Reading(names={"": NAMES}))
    assert isinstance(row, Post)
    assert row.tags == IOB2
    (bad,), _ = read(columns)
    assert isinstance(bad, BadRow)
    assert "--tag-names" in bad.problem.do


def test_what_training_scripts_leave_is_named():
    (bad,), _ = read({"tokens": [WORDS], "labels": [[1, 2, 0, -100]]}, {"labels": NAMES})
    assert isinstance(bad, BadRow)
    assert bad.problem.what.startswith("-100 among the tags")
    (bad,), _ = read({"tokens": [WORDS], "labels": [[1, 2, 0, 9]]}, {"labels": NAMES})
    assert isinstance(bad, BadRow)
    assert "the tag 9 is none of the 4" in bad.problem.what


def test_a_scheme_is_told_over_the_whole_file():
    rows, told = read({"tokens": [WORDS, ["Rome"]], "ner_tags": [["B-PER", "E-PER", "O", "S-LOC"], ["O"]]})
    assert isinstance(rows[0], Post)
    assert (rows[0].tags, told) == (IOB2, {"scheme": "scheme"})


def test_entities_in_a_column():
    spans = [[{"start": 0, "end": 7, "label": "PER"}, {"start": 15, "end": 18, "label": "LOC"}]]
    (row,), told = read({"text": ["Ann Lee visits Rome"], "entities": spans})
    assert isinstance(row, Post)
    assert (row.tags, told) == (IOB2, {"widened": "widened"})


columns = st.dictionaries(
    st.sampled_from(("ner_tags", "ner", "pos_tags", "meta", "spans", "chunk")),
    st.sampled_from((list(IOB2), ["N", "N", "V", "N"], "text", [{"start": 0, "end": 3, "type": "PER"}])),
)


@settings(max_examples=50, deadline=None)
@given(made=columns)
def test_every_column_is_read_or_told(made: dict[str, Any]):
    (row,), told = read({"tokens": [WORDS]} | {name: [value] for name, value in made.items()})
    if isinstance(row, Post):
        left = made.keys() - told.keys()
        assert len(left) <= 1
        assert (row.tags is not None) == bool(left)
    else:
        assert "is not an IOB2 tag" in row.problem.what
