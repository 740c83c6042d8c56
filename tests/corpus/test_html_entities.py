"""HTML entities are read as the characters they mean, at their place in the raw text."""

import html
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.records import Post
from mmavk_cli.corpus.html_entities import decode_entities
from mmavk_cli.corpus.tokenize import cut, joined, recut

Mmavk = Callable[..., tuple[int, str, str]]

PARTS = (
    "&amp;", "&lt;", "&#39;", "&#x1F600;", "&nbsp;", "&quot;", "&", ";", "&nope;", "&#0;", "&#xD83D;", "&acE;", "&amp",
    "&amp;amp;", "Ann", " ", "https://t.co/?a=1&amp;b=2", "é", "👩",
)  # fmt: skip
raw_texts = st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=8).map("".join)


@given(raw_texts)
def test_every_character_has_its_place_and_the_places_cover_the_raw_text(raw: str):
    meant = decode_entities(raw)
    assert len(meant.text) == len(meant.starts) == len(meant.ends)
    assert [0, *meant.ends] == [*meant.starts, len(raw)]
    for character, start, end in zip(meant.text, meant.starts, meant.ends, strict=True):
        assert character == (raw[start] if end == start + 1 else html.unescape(raw[start:end]))


@given(st.text())
def test_an_escaped_text_means_what_it_was_escaped_from(text: str):
    assert decode_entities(html.escape(text)).text == text


@given(st.text(alphabet="ab .,'&<>\"#@é👩\n"))
def test_an_escaped_text_is_cut_into_the_same_words(text: str):
    escaped = html.escape(text)
    words = cut(escaped)
    assert [word.text for word in words] == [word.text for word in cut(text)]
    assert [html.unescape(escaped[word.start : word.end]) for word in words] == [word.text for word in words]


@given(raw_texts)
def test_words_of_a_raw_text_lie_in_order_and_hold_all_of_it_but_white_space(raw: str):
    at = 0
    for word in cut(raw):
        assert at <= word.start < word.end
        assert decode_entities(raw[at : word.start]).text.strip() == ""
        assert decode_entities(raw[word.start : word.end]).text == word.text
        at = word.end
    assert decode_entities(raw[at:]).text.strip() == ""


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("AT&amp;T", ["AT", "&", "T"]),
        ("Rooney&#39;s", ["Rooney", "'", "s"]),
        ("I &lt;3 Paris", ["I", "<", "3", "Paris"]),
        ("see https://t.co/?a=1&amp;b=2 now", ["see", "https://t.co/?a=1&b=2", "now"]),
        ("Ann&nbsp;Lee", ["Ann", "Lee"]),
        ("R&D and &copy", ["R", "&", "D", "and", "&", "copy"]),
        ("&amp;lt;", ["&", "lt", ";"]),
        ("&nope;", ["&", "nope", ";"]),
    ],
)
def test_examples(raw: str, words: list[str]):
    assert [word.text for word in cut(raw)] == words


def test_words_of_a_data_set_stay_as_they_are():
    text, words = joined(["B&amp;N:", "&nbsp;"])
    assert [word.text for word in words] == ["B&amp;N:", "&nbsp;"]
    parts = ["B", "&", "amp", ";", "N", ":", "&", "nbsp", ";"]
    assert [word.text for word in recut(Post("1", text, words)).words] == parts, "as models were trained on them"


def test_words_that_were_cut_are_not_cut_again():
    text = "AT&amp;T  or &lt;3"
    post = Post("1", text, cut(text))
    assert post.raw_words() == ["AT", "&amp;", "T", "or", "&lt;", "3"]
    assert recut(post).words == post.words


def test_tag_reads_what_is_meant_and_answers_in_the_raw_text(mmavk: Mmavk):
    raw, plain = "Harry Kane &amp; Dele Alli are in London &lt;3", "Harry Kane & Dele Alli are in London <3"
    records = []
    for text in (raw, plain):
        code, out, _ = mmavk("tag", "--text", text, "--format", "jsonl")
        assert code == 0
        records.append(json.loads(out))
    ours, theirs = records
    assert ours["text"] == raw
    assert [raw[one["start"] : one["end"]] for one in ours["entities"]] == [one["text"] for one in ours["entities"]]
    fields = ("word_start", "word_end", "type", "score")
    assert len(theirs["entities"]) > 1
    assert [[one[name] for name in fields] for one in ours["entities"]] == [
        [one[name] for name in fields] for one in theirs["entities"]
    ]
