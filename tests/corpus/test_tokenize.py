"""Raw text → words with offsets, and words re-cut to one convention."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Post
from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.corpus.tokenize import checked_text, cut, joined, recut
from mmavk_cli.spans import strict_spans, to_sources

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "I-MISC")
odd = st.text() | st.text(alphabet="ab1_.,:()-#@/ '\u00a0\u0301\u200d\ufe0f\0é👩") | st.just("https://t.co/a?b=1).")


@st.composite
def posts(draw: st.DrawFn) -> Post:
    tokens = draw(st.lists(odd.filter(bool), min_size=1, max_size=12))
    tags = draw(st.lists(st.sampled_from(TAGS), min_size=len(tokens), max_size=len(tokens)))
    text, words = joined(tokens)
    return Post("1", text, words, tuple(tags))


@given(odd)
def test_words_lie_in_the_text_in_order_and_hold_all_of_it_but_white_space(text: str):
    words = cut(text)
    at = 0
    for word in words:
        assert text[word.start : word.end] == word.text
        assert word.start >= at
        assert word.end > word.start
        assert text[at : word.start].strip() == ""
        at = word.end
    assert text[at:].strip() == ""
    assert not any(character.isspace() for word in words for character in word.text)


@given(posts())
def test_recut_leads_back_to_the_same_entities(post: Post):
    fine = recut(post)
    assert fine.text == post.text
    assert len(fine.words) == len(fine.sources) == len(fine.tags or ())
    assert [fine.text[word.start : word.end] for word in fine.words] == [word.text for word in fine.words]
    assert sorted(set(fine.sources)) == list(range(len(post.words)))
    assert to_sources(strict_spans(fine.tags or ()), fine.sources) == strict_spans(post.tags or ())


@pytest.mark.parametrize("name", ["twitter2015", "twitter2017"])
@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_recut_leads_back_to_the_same_entities_in_the_real_data(shared_data, name: str, split: str):
    seen = 0
    for post in read_conll(shared_data / name / f"{split}.txt"):
        fine = recut(post)
        assert to_sources(strict_spans(fine.tags or ()), fine.sources) == strict_spans(post.tags or ()), post.where
        seen += len(strict_spans(post.tags or ()))
    assert seen > 1000


def test_twitter2017_is_cut_as_it_was_cut(shared_data):
    """The rules are those of Twitter-2017: on its own words they change nearly nothing."""
    words = same = 0
    for post in read_conll(shared_data / "twitter2017" / "test.txt"):
        words += len(post.words)
        same += len(set(cut(post.text)) & set(post.words))
    assert words == 11330
    assert same / words > 0.98


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#Paris", ["#", "Paris"]),
        ("@BBC_News: hi", ["@", "BBC_News", ":", "hi"]),
        ("Rooney's", ["Rooney", "'", "s"]),
        ("see https://t.co/a?b=1).", ["see", "https://t.co/a?b=1", ")", "."]),
        ("👩\u200d🚀", ["👩", "\u200d", "🚀"]),
        ("1,000.5 4.", ["1,000.5", "4", "."]),
        ("a\0b", ["a", "\0", "b"]),
        (" \t\n\u00a0", []),
    ],
)
def test_examples_of_the_rules(text: str, words: list[str]):
    assert [word.text for word in cut(text)] == words


def test_hash_that_opens_a_name_is_outside_it():
    text, words = joined(["#Paris", "@BBC", "x"])
    fine = recut(Post("1", text, words, ("B-LOC", "I-LOC", "O")))
    assert [word.text for word in fine.words] == ["#", "Paris", "@", "BBC", "x"]
    assert fine.tags == ("O", "B-LOC", "I-LOC", "I-LOC", "O")
    assert fine.sources == (0, 0, 1, 1, 2)


def test_half_a_surrogate_pair_is_told_with_its_place():
    with pytest.raises(DataError, match=r"^--text: .*character 2"):
        checked_text("ab\udcff", "--text")
