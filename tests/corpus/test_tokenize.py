"""Raw text → words with offsets, and words re-cut to one convention."""

import unicodedata
from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Post
from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.corpus.tokenize import as_trained, checked_text, cut, joined, placed, recut, rules_like
from mmavk_cli.spans import line_ranges, onto, strict_spans

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC", "I-MISC")
marks = st.characters(categories=["Mn", "Mc", "Me", "Cf", "Sk"])
joint = st.sampled_from(
    ["\u200d", "\ufe0f", "\u20e3", "🏽", "🇫", "🇷", "👩", "1", "#", "क", "\u094d", "न", "ก", "ำ", "각", " "]
)
scripts = st.lists(st.characters(exclude_categories=["Cs"]) | marks | joint).map("".join)
odd = scripts | st.text(alphabet="ab1_.,:()-#@/ '\u00a0\u0301\u200d\ufe0f\0é👩") | st.just("https://t.co/a?b=1).")


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
        assert _is_blank(text[at : word.start])
        at = word.end
    assert _is_blank(text[at:])
    assert not any(character.isspace() for word in words for character in word.text)


def _is_blank(between: str) -> bool:
    """White space, also where it carries marks."""
    return all(cluster[0].isspace() for cluster in regex.findall(r"\X", between))


@given(scripts, st.booleans())
def test_no_word_begins_or_ends_inside_what_a_reader_sees_as_one_character(text: str, fine: bool):
    borders, at = {0}, 0
    for cluster in regex.findall(r"\X", text):
        at += len(cluster)
        borders.add(at)
    words = cut(text, fine)
    assert {word.start for word in words} | {word.end for word in words} <= borders
    for word in words:  # and by a table that is not of the same library
        before = text[word.start - 1 : word.start]
        assert not (unicodedata.combining(word.text[0]) and before and unicodedata.category(before)[0] in "LM")


@given(st.text(alphabet="ab1_.,:()-#@/' éñ!?\"&$%*", max_size=40), st.booleans())
def test_text_of_one_code_point_a_character_is_cut_alike_by_both_sets_of_rules(text: str, fine: bool):
    """Text in ASCII has rules of its own; a letter behind the last blank makes the others hold."""
    assert cut(f"{text} é", fine)[:-1] == cut(text, fine)


@given(posts())
def test_recut_leads_back_to_the_same_entities(post: Post):
    fine = recut(post)
    assert fine.text == post.text
    assert len(fine.words) == len(fine.tags or ())
    assert [fine.text[word.start : word.end] for word in fine.words] == [word.text for word in fine.words]
    assert onto(strict_spans(fine.tags or ()), fine.words, post.words) == strict_spans(post.tags or ())


@pytest.mark.parametrize("name", ["twitter2015", "twitter2017"])
@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_recut_leads_back_to_the_same_entities_in_the_real_data(shared_data, name: str, split: str):
    seen = 0
    for post in read_conll(shared_data / name / f"{split}.txt"):
        fine = recut(post)
        back = onto(strict_spans(fine.tags or ()), fine.words, post.words)
        assert back == strict_spans(post.tags or ()), post.where
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
        ("👩\u200d🚀 👍🏽 ❤\ufe0f", ["👩\u200d🚀", "👍🏽", "❤\ufe0f"]),
        ("🇫🇷🇩🇪 🇫", ["🇫🇷", "🇩🇪", "🇫"]),
        ("12\ufe0f\u20e3 #\ufe0f\u20e3", ["1", "2\ufe0f\u20e3", "#\ufe0f\u20e3"]),
        ("किताबें पढ़ो", ["किताबें", "पढ़ो"]),
        ("ἀ\u0345ρχή שָׁלוֹם", ["ἀ\u0345ρχή", "שָׁלוֹם"]),
        ("نمی\u200cدانم", ["نمی\u200cدانم"]),
        ("co\u00adop\u2069 x", ["co\u00adop", "\u2069", "x"]),
        ("a \u0301b", ["a", "b"]),
        ("李白在长安", ["李", "白", "在", "长", "安"]),
        ("ここはパリ", ["こ", "こ", "は", "パ", "リ"]),
        ("น้ำใจ", ["น้ำ", "ใ", "จ"]),
        ("부산에서", ["부산에서"]),
        ("https://t.co/e\u0301👍🏽", ["https://t.co/e\u0301", "👍🏽"]),
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


def test_half_a_surrogate_pair_is_told_with_its_place():
    with pytest.raises(DataError, match=r"^--text: .*character 2"):
        checked_text("ab\udcff", "--text")


def raw(text: str, tags: tuple[str, ...] | None = None) -> Post:
    return Post("1", text, cut(text), tags, raw=True)


def texts(post: Post) -> list[str]:
    return [word.text for word in post.words]


def test_a_model_trained_on_its_data_sets_own_words_reads_raw_text_as_twitter_2015_is_cut():
    text = "RT @Ann_B: well-known #Köln, and/or 3.5% (http://t.co/a)"
    words = ["RT", "@Ann_B", ":", "well-known", "#Köln", ",", "and/or", "3", ".", "5", "%", "(", "http://t.co/a", ")"]
    assert texts(as_trained(raw(text), False, fine=False)) == words
    assert as_trained(raw(text), True, fine=True).words == raw(text).words
    given_words = Post("1", *joined(["@Ann", "B!"]))
    assert as_trained(given_words, False, fine=False) == given_words
    assert as_trained(raw(text), False, fine=True) == raw(text)


def test_names_go_with_the_words_a_model_reads_and_come_back():
    post = raw("@Ann in Aix-la-Chapelle", ("O", "B-PER", "O", "B-LOC", "I-LOC", "I-LOC", "I-LOC", "I-LOC"))
    seen = as_trained(post, False, fine=False)
    assert list(zip(texts(seen), seen.tags or (), strict=True)) == [
        ("@Ann", "B-PER"), ("in", "O"), ("Aix-la-Chapelle", "B-LOC"),
    ]  # fmt: skip
    back = onto(strict_spans(seen.tags or ()), seen.words, post.words)
    assert [(one.start, one.end) for one in back if one] == [(0, 2), (3, 8)]


@pytest.mark.parametrize(("name", "fine"), [("twitter2015", False), ("twitter2017", True)])
def test_which_rules_a_data_set_was_cut_by(shared_data, name: str, fine: bool):
    found, share = rules_like(read_conll(shared_data / name / "train.txt"))
    assert found == fine
    assert share < 0.07  # Twitter-2015: addresses that were cut short; Twitter-2017: emoji that were taken apart


def test_rules_that_fit_no_words_are_told_with_their_share():
    split_at_blanks = [Post("1", *joined(["a-b", "c."])), Post("2", *joined(["a-b", "c"])), raw("a-b.")]
    assert rules_like(split_at_blanks) == (False, 0.5)
    assert rules_like([raw("a-b.")]) == (True, 0)
    assert rules_like([]) == (True, 0)


@pytest.mark.parametrize(
    ("text", "tokens", "starts"),
    [
        ("this is it", ["is", "it"], [5, 8]),
        ("this is", ["thi", "s", "is"], [0, 3, 5]),
        ("x isabel saw is", ["is", "abel", "saw", "is"], [2, 4, 9, 13]),
        ("cannot do not", ["can", "not", "do"], [0, 3, 7]),
        ("Annie met Ann", ["Ann"], [10]),
        ("cafe\u0301 e", ["e"], [6]),
        ("ab ab", ["ab", "ab"], [0, 3]),
    ],
)
def test_listed_words_stand_at_the_borders_of_the_texts_words(text: str, tokens: list[str], starts: list[int]):
    assert [(word.text, word.start) for word in placed(tokens, text)] == list(zip(tokens, starts, strict=True))


@given(
    st.lists(st.text(alphabet="abé1\u0301.", min_size=1, max_size=4), max_size=8), st.sampled_from(["", " ", "\n x "])
)
def test_words_of_a_text_are_always_placed(tokens: list[str], between: str):
    text = between.join(tokens)
    words = placed(tokens, text)
    assert [text[word.start : word.end] for word in words] == tokens
    assert all(before.end <= after.start for before, after in pairwise(words))


def test_a_listed_word_that_is_not_there_ends_the_list():
    assert [word.text for word in placed(["a", "b", "c", "a"], "a b a")] == ["a", "b"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", "\u2028", "\x0b", " \n "])
def test_lines_of_a_post(end: str):
    assert line_ranges(raw(f"Ann Lee{end}Rome")) == [(0, 2), (2, 3)]
    assert line_ranges(raw(f"{end}Ann Lee Rome{end}")) == [(0, 3)]


@given(scripts)
def test_lines_hold_all_words_and_no_line_end_between_two(text: str):
    post = raw(text)
    found = line_ranges(post)
    assert [index for start, end in found for index in range(start, end)] == list(range(len(post.words)))
    for start, end in found:
        assert start < end
        stretch = text[post.words[start].start : post.words[end - 1].end]
        assert len(stretch.splitlines()) == 1
