"""Schemes are told by all tags of a file, and the same names come out in IOB2."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Span
from mmavk_cli.corpus.tag_schemes import PLAIN, Scheme, TagSurvey
from mmavk_cli.spans import kept_tags, strict_spans

Spans = list[Span]
Posts = list[tuple[Spans, int]]
"""Names of each post, and its number of words."""


@st.composite
def posts(draw: st.DrawFn, kinds: tuple[str, ...] = ("PER", "LOC", "product-name", "b")) -> Posts:
    """Posts with names that may touch; at least one name in all."""
    made: Posts = []
    for sizes in draw(st.lists(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), max_size=4), min_size=1)):
        at, spans = 0, []
        for gap, length in sizes:
            spans.append(Span(at + gap, at + gap + length, draw(st.sampled_from(kinds))))
            at += gap + length
        made.append((spans, at + draw(st.integers(0, 2))))
    made[0][0].append(Span(made[0][1], made[0][1] + 2, kinds[0]))
    return [(made[0][0], made[0][1] + 2), *made[1:]]


def marked(spans: Spans, length: int, letter: Callable[[Span, int, Spans], str]) -> list[str]:
    """Tags word by word, each from the name it is in: written without a look at the program's own way."""
    tags = []
    for word in range(length):
        inside = [span for span in spans if span.start <= word < span.end]
        tags.append(f"{letter(inside[0], word, spans)}-{inside[0].type}" if inside else "O")
    return tags


def iob2(span: Span, word: int, _: Spans) -> str:
    return "B" if word == span.start else "I"


def iob1(span: Span, word: int, spans: Spans) -> str:
    touched = any(other.end == span.start and other.type == span.type for other in spans)
    return "B" if word == span.start and touched else "I"


def ioe2(span: Span, word: int, _: Spans) -> str:
    return "E" if word == span.end - 1 else "I"


def bioes(span: Span, word: int, _: Spans, letters: str = "BIES") -> str:
    if span.end - span.start == 1:
        return letters[3]
    return {span.start: letters[0], span.end - 1: letters[2]}.get(word, letters[1])


def bilou(span: Span, word: int, spans: Spans) -> str:
    return bioes(span, word, spans, "BILU")


def bmes(span: Span, word: int, spans: Spans) -> str:
    return bioes(span, word, spans, "BMES")


WRITTEN = {"IOB2": iob2, "IOB1": iob1, "IOE": ioe2, "BIOES": bioes, "BILOU": bilou, "BMES": bmes}

SPELLINGS: dict[str, Callable[[str], str]] = {
    "B-PER": lambda tag: tag,
    "B_PER": lambda tag: tag.replace("-", "_", 1),
    "PER-B": lambda tag: tag if tag == "O" else f"{tag[2:]}-{tag[0]}",
    "PER_B": lambda tag: tag if tag == "O" else f"{tag[2:]}_{tag[0]}",
    "b-PER": lambda tag: tag[0].lower() + tag[1:],
}


def surveyed(several: list[list[str]]) -> TagSurvey:
    found, number = TagSurvey(), 0
    for tags in several:
        for tag in tags:
            number += 1
            found.add(tag, number)
        found.end()
    return found


def scheme_of(*several: list[str]) -> Scheme:
    return surveyed(list(several)).scheme()


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("name", WRITTEN)
@given(made=posts())
def test_names_survive_every_scheme_in_every_spelling(name: str, spelling: str, made: Posts):
    tags = [[SPELLINGS[spelling](tag) for tag in marked(*post, WRITTEN[name])] for post in made]
    scheme = scheme_of(*tags)
    assert [strict_spans(scheme.iob2(own)) for own in tags] == [spans for spans, _ in made]
    plain = tags == [marked(*post, iob2) for post in made]
    assert (scheme is PLAIN) == plain
    assert bool(scheme.said) != plain


@given(made=posts(("PER", "LOC", "WORK_OF_ART")))
def test_io_has_the_names_but_those_that_touch(made: Posts):
    tags = [[tag.removeprefix("I-") for tag in marked(*post, lambda *_: "I")] for post in made]
    scheme = scheme_of(*tags, ["O"])
    assert scheme.name == "IO"
    for own, (spans, length) in zip(tags, made, strict=True):
        merged = strict_spans(scheme.iob2(own))
        assert marked(merged, length, lambda *_: "I") == marked(spans, length, lambda *_: "I")
        assert not [one for one, other in pairwise(merged) if (one.end, one.type) == (other.start, other.type)]


@given(made=posts(), lost=st.data())
def test_iob2_with_some_orphans_stays_as_it_is(made: Posts, lost: st.DataObject):
    tags = [marked(*post, iob2) for post in made]
    begins = [(post, word) for post, own in enumerate(tags) for word, tag in enumerate(own) if tag[0] == "B"]
    for post, word in lost.draw(st.sets(st.sampled_from(begins), max_size=len(begins) // 2)):
        tags[post][word] = f"I{tags[post][word][1:]}"
    pairs = [pair for own in tags for pair in pairwise(["O", *own])]
    orphans = sum(tag[0] == "I" and tag[1:] != before[1:] for before, tag in pairs)
    apart = sum(tag[0] == "B" and tag[1:] != before[1:] for before, tag in pairs)
    if orphans <= apart:
        scheme = scheme_of(*tags)
        assert scheme is PLAIN
        assert [scheme.iob2(own) for own in tags] == tags


def test_the_real_files_are_plain_iob2(shared_data):
    for name in ("twitter2015", "twitter2017"):
        for path in (shared_data / name).glob("*.txt"):
            lines = path.read_text("utf-8").split("\n")
            posts = [[line.split("\t")[1] for line in post if "\t" in line] for post in split_at_blanks(lines)]
            assert scheme_of(*posts) is PLAIN


def split_at_blanks(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if line:
            found[-1].append(line)
        else:
            found.append([])
    return found


@pytest.mark.parametrize(
    ("tags", "made"),
    [
        (["B-PER", "O", "E-PER", "S-LOC"], ["B-PER", "O", "I-PER", "B-LOC"]),
        (["B-PER", "E-PER", "I-PER", "S-LOC"], ["B-PER", "I-PER", "B-PER", "B-LOC"]),
        (["S-PER", "I-PER", "E-LOC", "B-LOC"], ["B-PER", "B-PER", "I-LOC", "B-LOC"]),
    ],
    ids=["an end without a beginning", "more behind an end", "another type"],
)
def test_broken_bioes_makes_no_names_of_its_own(tags: list[str], made: list[str]):
    assert scheme_of(tags).iob2(tags) == made


@pytest.mark.parametrize(
    ("tags", "said", "place"),
    [
        (["I-PER", "O", "I-PER", "B-PER"], "IOB1 (2 of 3 names begin with I-)", 1),
        (["O", "PER"], "IO (the words of one type in a row are one name), as in 'PER'", 2),
        (["B-PER", "E-PER"], "BIOES, as in 'E-PER'", 2),
        (["B-PER", "I-per"], "IOB2, as in 'I-per'", 2),
        (["O", "PER_B"], "IOB2, as in 'PER_B'", 2),
    ],
)
def test_what_is_said_and_where(tags: list[str], said: str, place: int):
    scheme = scheme_of(tags)
    assert (scheme.said, scheme.place) == (said, place)


@pytest.mark.parametrize(
    "tags",
    [["NN", "VBZ", "NNP"], ["O", "B", "I"], ["O", "1", "2"], ["O", "_"], ["-", "-"], []],
    ids=["parts of speech", "no types", "numbers", "underscore", "dashes", "nothing"],
)
def test_what_is_no_tag_is_not_read_as_one(tags: list[str]):
    scheme = scheme_of(tags)
    assert scheme is PLAIN
    for tag in set(tags) - {"O"}:
        with pytest.raises(DataError, match="is not an IOB2 tag"):
            scheme.check(tag, "f:1")


def test_words_are_no_tags():
    words = surveyed([[f"word{number}" for number in range(2000)] + ["O"]])
    assert words.scheme() is PLAIN
    assert not words.holds_tags
    assert surveyed([["B-PER", "O", "x y"]]).holds_tags


def test_a_tag_of_another_scheme_than_the_files_is_told():
    scheme = scheme_of(["B-PER", "E-PER", "Q-PER", "O"])
    with pytest.raises(DataError, match="f:3: 'Q-PER' is not a BIOES tag"):
        scheme.check("Q-PER", "f:3")


@given(made=posts(), data=st.data())
def test_names_keep_the_words_that_are_kept(made: Posts, data: st.DataObject):
    for spans, length in made:
        kept = data.draw(st.lists(st.booleans(), min_size=length, max_size=length))
        left = [index for index, keep in enumerate(kept) if keep]
        expected = []
        for span in spans:
            inside = [left.index(word) for word in range(span.start, span.end) if kept[word]]
            if inside:
                expected.append(Span(inside[0], inside[-1] + 1, span.type))
        assert strict_spans(kept_tags(marked(spans, length, iob2), kept)) == expected
