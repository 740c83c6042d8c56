"""JSON Lines: every row is a post or an error record."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.records import BadRow, Post, Row
from mmavk_cli.corpus.jsonl import read_jsonl
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.spans import characters, strict_spans


def read(*rows: Any, raw: bytes | None = None) -> list[Row]:
    content = raw if raw is not None else b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    return list(read_jsonl(io.BytesIO(content), "posts.jsonl"))


def only(row: Any) -> Post:
    found = read(row)[0]
    assert isinstance(found, Post), found
    return found


def test_a_row_of_text_alone():
    post = only({"text": "Hello @BBC"})
    assert (post.id, post.where, post.tags, post.image) == ("posts-1", "posts.jsonl:1", None, None)
    assert [word.text for word in post.words] == ["Hello", "@", "BBC"]


def test_all_fields_of_a_row():
    post = only(
        {
            "id": 7,
            "text": "Ann in Rome",
            "image": "pics/7.jpg",
            "image_id": "7",
            "entities": [
                {"start": 7, "end": 11, "type": "OTHER", "text": "Rome", "score": 0.5},
                {"start": 0, "end": 3, "type": "PER"},
            ],
            "knowledge": None,
            "more": [1],
        }
    )
    assert (post.id, post.image_id, post.image) == ("7", "7", Path("pics/7.jpg"))
    assert post.tags == ("B-PER", "O", "B-MISC")


def test_a_picture_is_relative_to_the_file(tmp_path: Path):
    path = tmp_path / "posts.jsonl"
    path.write_text('{"text": "a", "image": "pics/7.jpg"}\n')
    (post,) = read_jsonl(path)
    assert isinstance(post, Post)
    assert post.image == tmp_path / "pics" / "7.jpg"
    assert post.where == f"{path}:1"


@pytest.mark.parametrize("field", ["words", "tokens"])
def test_words_and_tags_without_text_are_joined_by_spaces(field: str):
    post = only({field: ["New", "York", "\u00a0"], "tags": ["B-LOC", "I-LOC", "O"]})
    assert post.text == "New York \u00a0"
    assert [(word.start, word.end) for word in post.words] == [(0, 3), (4, 8), (9, 10)]
    assert post.tags == ("B-LOC", "I-LOC", "O")


def test_words_are_found_in_the_text():
    post = only({"text": "#NewYork  is is", "words": ["#NewYork", "is", "is"], "tags": ["B-LOC", "O", "O"]})
    assert [(word.start, word.end) for word in post.words] == [(0, 8), (10, 12), (13, 15)]


def test_entities_over_given_words():
    words = ["#NewYork", "now"]
    post = only({"text": "#NewYork now", "words": words, "entities": [{"start": 1, "end": 8, "type": "LOC"}]})
    assert post.tags == ("B-LOC", "O")


def test_no_entities_is_gold_and_null_is_not():
    assert only({"text": "a b", "entities": []}).tags == ("O", "O")
    assert only({"text": "a b", "entities": None}).tags is None


def test_nul_bytes_are_characters():
    assert only({"text": "a\0b"}).text == "a\0b"


ENTITY = {"start": 0, "end": 1, "type": "PER"}
BAD = [
    (b'{"a" 1}', "not JSON at column 6"),
    (b"[1]", "not an object"),
    (b"nul\0", "not JSON"),
    (b'{"text": "\xff"}', "not UTF-8 at byte 10"),
    (b"[" * 100_000, "not JSON that can be read"),
    (b"1" * 5000, "not JSON that can be read"),
    ({}, "no 'text'"),
    ({"text": 5}, "'text' is not a string"),
    ({"text": ""}, "the post is empty"),
    ({"text": " \n\u00a0"}, "the post is empty"),
    ({"words": []}, "the post is empty"),
    ({"text": "a\ud800"}, "half a surrogate pair"),
    ({"text": "a", "id": 1.5}, "'id' is neither"),
    ({"text": "a", "id": True}, "'id' is neither"),
    ({"text": "a", "image": 3}, "'image' is not a path"),
    ({"text": "a", "image": "x\0.jpg"}, "'image' is not a path"),
    ({"text": "a", "words": "a"}, "'words' is not a list of strings"),
    ({"text": "a", "tokens": [1]}, "'tokens' is not a list of strings"),
    ({"words": ["a", ""], "tags": ["O", "O"]}, "an empty string in 'words'"),
    ({"text": "a b", "words": ["b", "a"]}, "the word 'a' is not in the text after character 3"),
    ({"text": "a", "tags": ["O"]}, "'tags' without 'words'"),
    ({"words": ["a"], "tags": ["O", "O"]}, "2 tags for 1 words"),
    ({"words": ["a"], "tags": ["PER"]}, "'PER' is not an IOB2 tag"),
    ({"text": "a", "entities": ENTITY}, "'entities' is not a list"),
    ({"text": "a", "entities": ["a"]}, "an entity is not an object"),
    ({"text": "a", "entities": [{"start": 0, "end": 1}]}, "needs 'start' and 'end'"),
    ({"text": "a", "entities": [ENTITY | {"end": 1.0}]}, "needs 'start' and 'end'"),
    ({"text": "a", "entities": [ENTITY | {"end": True}]}, "needs 'start' and 'end'"),
    ({"text": "a", "entities": [ENTITY | {"end": 2}]}, "outside the text's 1 characters"),
    ({"text": "a", "entities": [ENTITY | {"start": -1}]}, "outside"),
    ({"text": "a", "entities": [ENTITY | {"start": 1}]}, "the entity 1:1 is empty"),
    ({"text": "ab", "entities": [ENTITY | {"start": 2}]}, "the entity 2:1 ends before it begins"),
    ({"text": "e\u0301a", "words": ["\u00e9a"]}, "write the same letters in different Unicode forms"),
    ({"tokens": ["a"], "ner_tags": [1]}, "tags are numbers that the file does not name"),
    ({"tokens": ["a", "b"], "ner_tags": [0, -100]}, "-100 among the tags"),
    ({"tokens": ["a", "b"], "ner_tags": ["B-PER"]}, "1 tags for 2 words"),
    ({"text": "é a", "entities": [ENTITY | {"text": "e"}]}, "the text at 0:1 is 'é', not 'e'"),
    ({"text": "a  b", "entities": [{"start": 1, "end": 2, "type": "PER"}]}, "the entity 1:2 holds no word"),
    ({"text": "ab", "entities": [ENTITY, ENTITY | {"start": 1, "end": 2}]}, "two entities share the word 'ab'"),
]


@pytest.mark.parametrize(("row", "what"), BAD, ids=[what for _, what in BAD])
def test_a_bad_row_is_an_error_record_and_the_rest_go_on(row: Any, what: str):
    line = row if isinstance(row, bytes) else json.dumps(row).encode()
    before, bad, after = read(raw=b'{"text": "x"}\n' + line + b'\n\n  \n{"text": "y"}')
    assert isinstance(before, Post)
    assert isinstance(bad, BadRow)
    assert bad.id == "posts-2"
    assert bad.problem.where == "posts.jsonl:2"
    assert what in bad.problem.what
    assert bad.problem.do
    assert isinstance(after, Post)
    assert (after.text, after.id) == ("y", "posts-5")


def test_a_bad_row_keeps_its_id():
    (bad,) = read({"id": "t9", "text": None})
    assert isinstance(bad, BadRow)
    assert bad.id == "t9"


def test_byte_order_mark_and_crlf_are_no_fault():
    rows = read(raw=b'\xef\xbb\xbf{"text": "a"}\r\n\r\n{"text": "b"}\r\n')
    assert [row.text for row in rows if isinstance(row, Post)] == ["a", "b"]


@given(st.lists(st.binary().map(lambda raw: raw.replace(b"\n", b"")), max_size=5))
def test_any_bytes_give_one_row_a_line(lines: list[bytes]):
    lines = [line for line in lines if line.removeprefix(b"\xef\xbb\xbf").strip()]
    lines = [line for line in lines if not line.lstrip(b"\xef\xbb\xbf \t\r\x0b\x0c").startswith(b"[")]  # a list of rows
    assert len(read(raw=b"\n".join(lines))) == len(lines)


@given(st.text(), st.data())
def test_entities_by_offsets_come_back_as_the_same_spans(text: str, data: st.DataObject):
    words = cut(text)
    tags = data.draw(
        st.lists(st.sampled_from(["O", "B-PER", "I-PER", "B-LOC"]), min_size=len(words), max_size=len(words))
    )
    spans = strict_spans(tags)
    entities = []
    for span in spans:
        start, end = characters(span, words)
        entities.append({"start": start, "end": end, "type": span.type, "text": text[start:end]})
    (row,) = read({"text": text, "entities": entities})
    if words:
        assert isinstance(row, Post)
        assert row.text == text
        assert strict_spans(row.tags or ()) == spans
    else:
        assert isinstance(row, BadRow)


class Endless(io.RawIOBase):
    """A pipe that says the same line over and over."""

    def __init__(self, line: bytes, times: int) -> None:
        self.left = iter([line] * times)

    def readable(self) -> bool:
        return True

    def __iter__(self) -> Iterator[bytes]:
        return self.left


def test_memory_is_flat():
    line = json.dumps({"text": "word " * 20}).encode() + b"\n"
    tracemalloc.start()
    try:
        count = sum(1 for row in read_jsonl(Endless(line, 10_000), "stdin") if isinstance(row, Post))  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 10_000
    assert peak < 600_000 < 10_000 * len(line), "up to 370 kB are tuples that Python keeps for reuse"
