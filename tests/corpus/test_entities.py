"""Names by their offsets, in every unit, and what is told of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Counted
from mmavk_cli.corpus.entities import EntityReader
from mmavk_cli.corpus.offsets import OURS, Unit, hint
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.spans import strict_spans


def read(text: str, entities: Any, unit: Unit = OURS) -> tuple[tuple[str, ...], dict[str, str]]:
    counted = Counted()
    tags = EntityReader(text, cut(text), "f:1", counted, unit).tags(entities)
    return tags, {note.kind: note.detail for note in counted.notes.values()}


def entity(start: int, end: int, kind: str = "PER") -> dict[str, Any]:
    return {"start": start, "end": end, "type": kind}


def measured(text: str, unit: Unit) -> int:
    """The length of a text in a unit."""
    return {"codepoint": len(text), "utf16": len(text.encode("utf-16-le")) // 2, "byte": len(text.encode())}[unit]


texts = st.lists(st.sampled_from(("Ann", "é", "ß!", "👍", "🇬🇧", "東", "x")), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize("unit", ["codepoint", "utf16", "byte"])
@given(text=texts, data=st.data())
def test_names_in_every_unit_are_the_same(unit: Unit, text: str, data: st.DataObject):
    words = cut(text)
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start, end = (measured(text[:at], unit) for at in (words[first].start, words[last].end))
    tags, notes = read(text, [entity(start, end)], unit)
    (span,) = strict_spans(tags)
    assert (span.start, span.end) == (first, last + 1)
    assert unit == OURS or not notes


@pytest.mark.parametrize("unit", ["utf16", "byte"])
def test_a_hint_where_another_unit_fits(unit: Unit):
    text = "😀 Ann in Rome today"
    start, end = measured("😀 Ann in ", unit), measured("😀 Ann in Rome", unit)
    _, notes = read(text, [entity(start, end, "LOC")])
    assert "--offsets" in notes["offsets"]
    found = hint(text, cut(text), [(start, end)])
    assert found is not None
    assert found[1] == [(9, 13)]


@given(text=texts, data=st.data())
def test_no_hint_where_ours_fit_and_the_others_say_no_more(text: str, data: st.DataObject):
    words = cut(text.upper())
    some = data.draw(st.lists(st.sampled_from(words), unique=True))
    assert hint(text.upper(), words, [(word.start, word.end) for word in some if word.text[0].isupper()]) is None


def test_what_is_told_of_names():
    assert read("Anniversary in Rome", [entity(0, 3)])[1] == {"widened": "'Ann' of 'Anniversary'"}
    assert read("Ann Lee in Rome", [entity(0, 8)])[1] == {"trimmed": "'Ann Lee '"}
    tags, notes = read("Ann Lee", [entity(0, 7), entity(0, 7)])
    assert (tags, notes) == (("B-PER", "I-PER"), {"doubled": "'Ann Lee'"})
    assert read("per Ann", [entity(4, 7, "per")]) == (("O", "B-PER"), {})


@pytest.mark.parametrize(
    ("entities", "unit", "what", "advice"),
    [
        ([entity(3, 3)], OURS, "the entity 3:3 is empty", "exclusive"),
        ([entity(7, 0)], OURS, "the entity 7:0 ends before it begins", "Mend"),
        ([entity(0, 99)], OURS, "is outside the text's 11 characters", "Unicode characters"),
        (
            [entity(0, 7), entity(4, 7, "LOC")],
            OURS,
            "share the word 'Lee': 'Ann Lee' (PER) and 'Lee' (LOC)",
            "Keep one",
        ),
        ([entity(8, 9), entity(9, 11)], OURS, "share the word 'Rom'", "Give 'words'"),
        ([entity(0, 99)], "utf16", "is outside the text's 11 characters", "UTF-16"),
        ([entity(0, 7) | {"text": "Bob"}], OURS, "the text at 0:7 is 'Ann Lee', not 'Bob'", "Unicode"),
    ],
)
def test_what_is_wrong_is_said_right(entities: Any, unit: Unit, what: str, advice: str):
    with pytest.raises(DataError) as told:
        read("Ann Lee Rom", entities, unit)
    assert what in told.value.what
    assert advice in told.value.do
    assert told.value.where == "f:1"


def test_an_offset_inside_a_character():
    with pytest.raises(DataError, match="begins or ends inside a character in UTF-16 units"):
        read("😀 Ann", [entity(1, 6)], "utf16")


def test_an_outside_offset_has_the_hint():
    with pytest.raises(DataError, match=r"In UTF-16 units .* the offsets fit: data convert --offsets utf16"):
        read("😀😀 Ann", [entity(5, 8)])
