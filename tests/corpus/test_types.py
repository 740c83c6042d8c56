"""Renaming of types: what `--types` says, and that every name keeps its words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import BadRow, Post, Span
from mmavk_cli.corpus.tokenize import joined
from mmavk_cli.corpus.types import Met, Renaming, types_met
from mmavk_cli.spans import lenient_spans, strict_spans

KINDS = ("A", "B-side", "C d", "PER")


def post(tags: tuple[str, ...], where: str = "file:1") -> Post:
    text, words = joined([f"w{at}" for at in range(len(tags))])
    return Post("1", text, words, tags, where=where)


@pytest.mark.parametrize(
    ("types", "before", "after"),
    [
        ("", "PERSON", "PERSON"),
        ("PERSON=PER", "PERSON", "PER"),
        ("PERSON=PER", "person", "PER"),
        ("PERSON=PER", "per", "PER"),
        ("PERSON=PER,person=HUMAN", "person", "HUMAN"),
        (" PERSON = PER , GPE = LOC , ", "GPE", "LOC"),
        ("PERSON=PER", "GPE", "GPE"),
        ("GPE=drop", "GPE", ""),
        ("GPE=Drop", "gpe", ""),
        ("PERSON=PER,...=drop", "GPE", ""),
        ("PERSON=PER,...=drop", "PER", "PER"),
        ("PERSON=PER,…=MISC", "GPE", "MISC"),
        ("PER=PER,...=drop", "LOC", ""),
        ("A=B,B=A", "A", "B"),
        ("A=B,B=A", "B", "A"),
        ("OTHER=THING", "MISC", "THING"),
        ("THING=OTHER", "THING", "MISC"),
        ("", "OTHER", "MISC"),
        ("", "PER ", "PER"),
        ("", "B-PER", "PER"),
        ("", "i-event", "event"),
        ("", "per ", "PER"),
        ("", "other", "MISC"),
        ("", "E-MAIL", "E-MAIL"),
        ("creative work=MISC", "creative work", "MISC"),
        ("Ort=LOC", "Ort", "LOC"),
    ],
)
def test_a_type_gets_its_new_name(types: str, before: str, after: str):
    assert Renaming.parse(types).name(before) == after


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ("PERSON", "'PERSON' is not OLD=NEW"),
        ("PERSON=", "'PERSON=' is not OLD=NEW"),
        ("=PER", "'=PER' is not OLD=NEW"),
        ("GPE=LOC,GPE=MISC", "GPE is renamed twice, to LOC and to MISC"),
    ],
)
def test_what_cannot_be_read_is_told(types: str, said: str):
    with pytest.raises(ValueError, match=said):
        Renaming.parse(types)


@given(st.lists(st.sampled_from([f"{old}={new}" for old in "ABC" for new in ("X", "drop")]), unique_by=lambda s: s[0]))
def test_what_is_read_can_be_written_and_read_again(parts: list[str]):
    read = Renaming.parse(",".join(parts))
    assert Renaming.parse(read.text) == read


new_names = st.dictionaries(st.sampled_from(KINDS), st.sampled_from((*KINDS, "drop", "NEW")))
tag_lists = st.lists(st.sampled_from(["O", *(f"{prefix}-{kind}" for prefix in "BI" for kind in KINDS)]), min_size=1)


@given(tag_lists, new_names, st.sampled_from((None, "drop", "REST")))
def test_every_name_keeps_its_words(tags: list[str], names: dict[str, str], rest: str | None):
    def called(kind: str) -> str | None:
        plain = kind.removeprefix("B-")
        if plain in renaming.names:
            return None if renaming.names[plain] == "drop" else renaming.names[plain]
        if plain in renaming.names.values() or rest is None:
            return plain
        return None if rest == "drop" else rest

    text = ",".join(f"{old}={new}" for old, new in (names | ({"...": rest} if rest else {})).items())
    renaming = Renaming.parse(text)
    moved = renaming.post(post(tuple(tags))).tags or ()
    expected = [Span(one.start, one.end, name) for one in lenient_spans(tags) if (name := called(one.type)) is not None]
    assert lenient_spans(moved) == expected
    strict = [Span(one.start, one.end, name) for one in strict_spans(tags) if (name := called(one.type)) is not None]
    assert set(strict) <= set(strict_spans(moved))


def test_names_of_one_type_that_were_two_stay_two():
    assert Renaming.parse("GPE=LOC").post(post(("B-LOC", "I-GPE", "I-GPE"))).tags == ("B-LOC", "B-LOC", "I-LOC")


def test_a_post_that_needs_nothing_stays_the_same_object():
    for one in (post(("O", "B-PER")), Post("1", "a", joined(["a"])[1])):
        assert Renaming.parse("GPE=LOC").post(one) is one


def test_what_was_renamed_is_counted_and_what_was_not_met_is_known():
    renaming = Renaming.parse("PERSON=PER,GPE=LOC,ORG=ORG,DATE=drop")
    renaming.post(post(("B-PERSON", "I-PERSON", "B-PERSON", "B-DATE", "B-X", "B-person")))
    assert renaming.counts == {("PERSON", "PER"): 2, ("person", "PER"): 1, ("DATE", ""): 1}
    assert renaming.unused == ("GPE",)


def test_a_type_without_a_name_is_a_bad_row_and_the_others_go_on():
    good, bad = post(("B-PERSON",)), post(("B-  ",), "file:7")
    rows = list(Renaming.parse("PERSON=PER").rows([bad, good]))
    assert isinstance(rows[0], BadRow)
    assert rows[0].problem.where == "file:7"
    assert isinstance(rows[1], Post)
    assert rows[1].tags == ("B-PER",)
    with pytest.raises(DataError, match="a type without a name"):
        Renaming().post(bad)


def test_types_that_were_met_have_their_number_and_first_place():
    posts = [post(("O", "B-A"), "f:1"), post(("B-B", "I-A", "B-A"), "f:5")]
    assert types_met(posts) == {"A": Met(3, "f:1"), "B": Met(1, "f:5")}
