"""Of a picture's lines the tagger gets those that say most to the post, whole and in order."""

from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.knowledge.choose import ROOM, chosen
from mmavk_cli.knowledge.generators.ocr import SENTENCE

SMALL = [f"{number} drops of water a day for the children" for number in range(9)]


def said(*lines: str) -> str:
    return SENTENCE.format(words="\n".join(lines))


def test_a_name_in_the_corner_stays_and_small_talk_goes():
    text, left = chosen(said(*SMALL, "Northern Health Council"), "Drink more!")
    assert "Northern Health Council" in text
    assert left > 0
    assert text.count("drops") == 9 - left


def test_lines_near_to_the_post_go_before_other_names():
    lines = [f"Alpha Beta Gamma Delta Station {number}" for number in range(9)]
    assert "meet at the bergen library" in chosen(said(*lines, "meet at the bergen library"), "To Bergen Library")[0]


def test_a_sentence_over_two_lines_is_not_torn():
    text, _ = chosen(said("Council of the", "northern towns", *map(str.upper, SMALL)), "Council")
    assert "Council of the northern towns" in text


def test_lines_that_the_model_does_not_read_are_no_knowledge():
    unread = lambda text: () if text.isascii() else ("CJK",)  # noqa: E731
    assert chosen(said("Oslo", "长安"), "x", unread) == (SENTENCE.format(words="Oslo"), 1)
    assert chosen(said("长安"), "x", unread) == ("", 1)


def test_other_knowledge_stays_as_it_is():
    assert chosen("two\nlines of a model", "x") == ("two\nlines of a model", 0)


@given(st.lists(st.text(alphabet="aB c1", min_size=1, max_size=60).filter(str.strip), min_size=1, max_size=20))
def test_it_fits_and_counts_what_it_leaves_out(lines: list[str]):
    text, left = chosen(said(*lines), "B a")
    assert 0 <= left < len(lines)
    assert len(text) <= len(SENTENCE) + ROOM + len(lines)
