"""What is kept of what a model wrote: loops once, no half sentences, JSON as words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.knowledge.generators.vlm.clean_answer import CUT, EMPTY, NOT_JSON, REPEATING, tidy, without_loop


def test_a_good_answer_stays_as_it_is():
    said = "The sign reads RICE UNIVERSITY. A man (with a beard) speaks."
    assert tidy(said, ended=True) == (said, [])


LONG = " ".join(f"On shelf {number} stands a blue jar." for number in range(12))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("A red flag. " + "It is red. " * 20, "A red flag. It is red."),
        ("It says GO GO GO GO GO GO GO GO GO GO", "It says GO"),
        ("Names: Anna, Ben, " + "Carl, " * 40 + "Ca", "Names: Anna, Ben, Carl,"),
        ("x" * 200, "x"),
        ("A flag of Wales. " * 9, "A flag of Wales."),
        (f"{LONG} " * 4, LONG),
    ],
)
def test_a_loop_is_kept_once(said: str, kept: str):
    assert tidy(said, ended=False) == (kept, [REPEATING])


@pytest.mark.parametrize(
    "said", ["Ha ha ha!", "No, no, no.", "New York, New York", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"]
)
def test_style_is_no_loop(said: str):
    assert without_loop(said) == said


def test_an_answer_without_end_is_cut_after_its_last_sentence():
    assert tidy("One is here. Two is there. And the thi", ended=False) == ("One is here. Two is there.", [CUT])
    assert tidy("no sentence in sight", ended=False) == ("no sentence in sight", [CUT])


@pytest.mark.parametrize("said", ["", " \n\t ", "\x00\x1b"])
def test_nothing_is_nothing(said: str):
    assert tidy(said, ended=True) == ("", [EMPTY])


@given(st.text(max_size=300), st.booleans(), st.booleans())
def test_what_is_kept_is_one_clean_line(said: str, ended: bool, structured: bool):
    kept, flags = tidy(said, ended, structured)
    assert kept == " ".join(kept.split())
    assert kept.isprintable()
    assert (EMPTY in flags) == (kept == "")


@given(st.text("ab .", min_size=1, max_size=6), st.integers(24, 60))
def test_any_stretch_that_is_repeated_is_found(body: str, times: int):
    assert len(without_loop("Begin: " + body * times)) <= len("Begin: " + body * 2)


ANSWER = {
    "people": ["Ann Lee (name tag)"],
    "locations": [],
    "organizations": ["Rice (sign)", "NASA"],
    "scene": "A hall.",
}


@pytest.mark.parametrize(
    "form", ["{}", "```json\n{}\n```", "```\n{}", "Here it is:\n```json\n{}\n```\nIs it of use?", "[{}]"]
)
def test_json_becomes_words_in_a_fixed_order(form: str):
    said = form.replace("{}", json.dumps(ANSWER))
    kept = "people: Ann Lee (name tag). organizations: Rice (sign), NASA. scene: A hall."
    assert tidy(said, ended=True, structured=True) == (kept, [])


@pytest.mark.parametrize("said", ["A hall.", '{"people": ["Ann"', "[1, 2]", '{"a": 1}', "[" * 5000])
def test_what_is_not_that_json_stays_and_is_flagged(said: str):
    kept, flags = tidy(said, ended=True, structured=True)
    assert NOT_JSON in flags
    assert kept


def test_names_that_came_as_objects_are_kept_with_their_clues():
    people = [{"name": "Ann Lee", "clue": "name tag", "seen": ["left", None]}, {"name": "Bo"}, {}, {"name": {}}]
    said = json.dumps({"people": people, "scene": {"text": "A hall."}})
    kept = "people: Ann Lee (name tag, left), Bo. scene: A hall."
    assert tidy(said, ended=True, structured=True) == (kept, [])


def test_json_that_says_nothing_is_empty():
    said = json.dumps({"people": [], "scene": None, "other": [3]})
    assert tidy(said, ended=True, structured=True) == ("", [EMPTY])
