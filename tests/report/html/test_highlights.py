"""Gold and found names over one text: nothing of the text is lost, and each error is said once."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from written import entity

from mmavk_cli.base.records import Entity
from mmavk_cli.report.html.highlights import Mark, Piece, labels_of, marked
from mmavk_cli.report.metrics.confusion import KINDS, confusion

TEXT = "abcdefghijklmnop"


@st.composite
def names(draw: st.DrawFn) -> list[Entity]:
    """Names that do not overlap, as one tagger's never do."""
    edges = sorted(draw(st.sets(st.integers(0, len(TEXT)), max_size=8)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    return [entity(TEXT, start, end, draw(st.sampled_from(["PER", "LOC"]))) for start, end in pairs]


@given(names(), names())
def test_the_whole_text_is_there_in_order(found: list[Entity], gold: list[Entity]):
    parts = list(marked(TEXT, found, gold))
    assert "".join(p if isinstance(p, str) else "".join(one.text for one in p.pieces) for p in parts) == TEXT


@given(names(), names())
def test_every_character_has_the_types_of_its_names(found: list[Entity], gold: list[Entity]):
    seen = []
    for part in marked(TEXT, found, gold):
        pieces = [Piece(part, "", "")] if isinstance(part, str) else part.pieces
        seen += [(piece.found, piece.gold) for piece in pieces for _ in piece.text]

    def at(place: int, own: list[Entity]) -> str:
        return "".join(one.type for one in own if one.start <= place < one.end)

    assert seen == [(at(place, found), at(place, gold)) for place in range(len(TEXT))]


@given(names(), names())
def test_labels_are_counted_as_the_scores_count_errors(found: list[Entity], gold: list[Entity]):
    counted = confusion([[one.span for one in gold]], [[one.span for one in found]])
    kinds = Counter(label.kind for label in labels_of(found, gold))
    assert [kinds[kind] for kind in KINDS] == [getattr(counted, kind) for kind in KINDS]
    in_text = Counter(
        label.kind for part in marked(TEXT, found, gold) if isinstance(part, Mark) for label in part.labels
    )
    assert in_text == kinds


def test_a_wrong_boundary_says_what_would_have_been_right():
    (mark, rest) = marked(TEXT, [entity(TEXT, 1, 3, "LOC")], [entity(TEXT, 0, 4, "LOC")])
    assert isinstance(mark, Mark) and rest == TEXT[4:]
    assert mark.pieces == (Piece("a", "", "LOC"), Piece("bc", "LOC", "LOC"), Piece("d", "", "LOC"))
    (label,) = mark.labels
    assert (label.kind, label.found, label.gold, label.gold_text) == ("boundary", "LOC", "LOC", "abcd")
    assert not mark.right


def test_without_gold_no_name_is_called_wrong():
    (mark, _) = marked(TEXT, [entity(TEXT, 0, 2, "PER")], None)
    assert isinstance(mark, Mark) and mark.right
