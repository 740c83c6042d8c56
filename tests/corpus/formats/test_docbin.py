"""What is in a DocBin is in its posts, or told."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmavk_cli.base.records import BadRow, Counted, Post, Row
from mmavk_cli.corpus.formats.docbin import DocBinFile
from mmavk_cli.spans import characters, strict_spans

spacy = pytest.importorskip("spacy")
Doc, DocBin, Span = spacy.tokens.Doc, spacy.tokens.DocBin, spacy.tokens.Span
VOCAB = spacy.Vocab()


def read(*docs: Any) -> tuple[list[Row], dict[str, int]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f.spacy"
        DocBin(docs=docs, store_user_data=True, attrs=["ENT_IOB", "ENT_TYPE", "TAG", "LEMMA"]).to_disk(path)
        counted = Counted()
        return list(DocBinFile().read(path, counted)), {kind: note.count for (kind, _), note in counted.notes.items()}


def doc(*words: str) -> Any:
    return Doc(VOCAB, words=list(words))


def names(row: Row) -> list[tuple[str, str]]:
    assert isinstance(row, Post), row
    return [(row.text[slice(*characters(span, row.words))], span.type) for span in strict_spans(row.tags or ())]


def test_names_that_begin_or_touch_in_white_space():
    first = doc("Now", "\n\n", "Ann", "Lee")
    first.ents = [Span(first, 1, 4, label="PER")]
    second = doc("Ann", "\n", "Bob")
    second.ents = [Span(second, 0, 1, label="PER"), Span(second, 1, 3, label="PER")]
    third = doc("Ann", "\n")
    third.ents = [Span(third, 1, 2, label="PER")]
    rows, told = read(first, second, third)
    assert [names(row) for row in rows] == [[("Ann Lee", "PER")], [("Ann", "PER"), ("Bob", "PER")], []]
    assert told == {"no-word": 1}


def test_blocked_and_missing_tokens():
    first, second = doc("Ann", "in", "Rome"), doc("Ann", "in", "Rome")
    first.set_ents([Span(first, 0, 1, label="PER")], blocked=[Span(first, 2, 3)], default="outside")
    second.set_ents([Span(second, 0, 1, label="PER")], default="missing")
    rows, told = read(first, second, doc("Ann"))
    assert [names(row) for row in rows] == [[("Ann", "PER")], [("Ann", "PER")], []]
    assert [row.tags is None for row in rows if isinstance(row, Post)] == [False, False, True]
    assert told == {"unannotated": 1}


def test_names_in_doc_spans():
    first, second, third = doc("Ann", "Lee"), doc("Ann", "Lee"), doc("Ann", "Lee")
    first.spans["sc"] = [Span(first, 0, 2, label="PER")]
    second.spans["sc"] = [Span(second, 0, 2, label="PER"), Span(second, 1, 2, label="LOC")]
    third.spans["a"], third.spans["b"] = [Span(third, 0, 1, label="PER")], [Span(third, 1, 2, label="LOC")]
    rows, told = read(first, second, third)
    assert names(rows[0]) == [("Ann Lee", "PER")]
    assert isinstance(rows[1], BadRow)
    assert "two spans of doc.spans['sc'] share the word 'Lee'" in rows[1].problem.what
    assert isinstance(rows[2], Post)
    assert rows[2].tags is None
    assert told == {"span-group": 1, "unread-names": 1}


def test_what_no_post_has_a_place_for_is_told():
    one = Doc(VOCAB, words=["Ann"], tags=["NNP"], lemmas=["ann"], user_data={"mine": 1})
    one.ents = [Span(one, 0, 1, label="PER")]
    one.spans["sc"] = [Span(one, 0, 1, label="PER")]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f.spacy"
        DocBin(docs=[one], store_user_data=True).to_disk(path)
        counted = Counted()
        list(DocBinFile().read(path, counted))
    told = {(note.kind, note.detail) for note in counted.notes.values()}
    expected = {("unread-names", "doc.spans['sc']"), ("unread-field", "doc.user_data['mine']")}
    assert expected | {("unread-field", "TAG"), ("unread-field", "LEMMA")} == told


tokens = st.sampled_from(("Ann", "Lee", "é", "\n", "  ", "."))


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(tokens, min_size=1, max_size=8), cuts=st.lists(st.integers(0, 3), max_size=6), blocked=st.booleans()
)
def test_every_name_is_there_but_for_white_space(words: list[str], cuts: list[int], blocked: bool):
    one, at, spans = doc("x", *words), 1, []
    for length in cuts:
        if length and at + length <= len(one):
            spans.append(Span(one, at, at + length, label="PER"))
        at += max(length, 1)
    last = [Span(one, len(one) - 1, len(one))] if blocked and not (spans and spans[-1].end == len(one)) else []
    one.set_ents(spans, blocked=last, default="outside")
    (row,), told = read(one)
    expected = [[token.text for token in span if not token.text.isspace()] for span in spans]
    assert isinstance(row, Post)
    found = [[word.text for word in row.words[span.start : span.end]] for span in strict_spans(row.tags or ())]
    assert found == [own for own in expected if own]
    assert ("no-word" in told) == any(not own for own in expected)
    assert [word.text for word in row.words] == ["x", *(word for word in words if not word.isspace())]
