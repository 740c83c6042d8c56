"""Pictures are looked at once, rows flow, and offsets are true for any Unicode."""

from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.images import PictureLimits
from mmavk_cli.base.records import Post, Tagged
from mmavk_cli.corpus.raw import post_from_text
from mmavk_cli.corpus.tokenize import cut
from mmavk_cli.flows.tag import rows as tag_rows
from mmavk_cli.flows.tag.rows import READ_AHEAD, PictureReader, RowTagger
from mmavk_cli.knowledge.generators.echo import EchoGenerator
from mmavk_cli.report.predictions_writer import as_json
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.pieces import Pieces

NAMES = [
    "Paris",
    "Harry Kane",
    "@NASA",
    "#London",
    "Rooney's",
    "São Paulo",
    "İstanbul",
    "ﬁFA",
    "東京",
    "🇫🇷",
    "O\u0301slo",
]
TEXTS = st.lists(st.sampled_from(NAMES) | st.text(max_size=12), max_size=12).flatmap(
    lambda parts: st.sampled_from([" ", "", "\u200d", "\n"]).map(lambda joint: joint.join(parts))
)


class Counting(EchoGenerator):
    """The stand-in, counting what it is asked."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def generate(self, image: Image.Image) -> str:
        self.asked[text := super().generate(image)] += 1
        return text


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=TEXTS.filter(lambda text: bool(cut(text))))
def test_offsets_are_true_on_the_raw_text(text: str, tagger: RowTagger):
    (row,) = tagger.tagged([post_from_text(text, "x")], 0.0)
    record = as_json(row)
    assert record["text"] == text
    end = 0
    for entity in record["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"] != ""
        assert len(entity["text"].splitlines()) == 1
        assert entity["start"] >= end
        assert 0 <= entity["score"] <= 1
        words = cut(text)[entity["word_start"] : entity["word_end"]]
        assert (words[0].start, words[-1].end) == (entity["start"], entity["end"])
        end = entity["end"]


def test_names_behind_wide_characters_are_found_where_they_stand(tagger: RowTagger):
    text = "🚀🇫🇷 e\u0301\u200d \U0001f469\u200d\U0001f680 Harry Kane scores in Paris"
    (row,) = tagger.tagged([post_from_text(text, "x")], 0.0)
    assert isinstance(row, Tagged)
    found = {(one.text, one.type) for one in row.entities}
    assert {("Harry Kane", "PER"), ("Paris", "LOC")} <= found
    assert all(text[one.start : one.end] == one.text for one in row.entities)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028"])
def test_a_name_ends_where_its_line_ends(end: str, tagger: RowTagger):
    (whole,) = tagger.tagged([post_from_text("We met New York Yankees", "x")], 0.0)
    (cut_in_two,) = tagger.tagged([post_from_text(f"We met New{end}York Yankees", "x")], 0.0)
    assert isinstance(whole, Tagged)
    assert isinstance(cut_in_two, Tagged)
    assert [one.text for one in whole.entities] == ["New York Yankees"]
    assert "York Yankees" in [one.text for one in cut_in_two.entities]
    assert all(end not in one.text for one in cut_in_two.entities)


def test_lines_are_decoded_as_posts_of_their_own_that_were_read_together():
    words = np.random.default_rng(1).normal(size=(2, 7, 9)).astype(np.float32)
    of_seven, of_five = (Pieces((tuple(range(many)),), tuple((0, at) for at in range(many))) for many in (7, 5))
    batch = collate([Example(of_seven, lines=((0, 3), (3, 7))), Example(of_five)])
    found = words.reshape(-1, 9)[batch.line_words]
    assert batch.line_lengths.tolist() == [3, 4, 5]
    for row, expected in zip(found, [words[0, :3], words[0, 3:], words[1, :5]], strict=True):
        assert np.array_equal(row[: len(expected)], expected)


def test_rows_flow(tagger: RowTagger):
    drawn = 0

    def endless() -> Iterator[Post]:
        nonlocal drawn
        for number in count():
            drawn += 1
            yield post_from_text(f"Off to Paris {number}", str(number))

    rows = tagger.tagged(endless(), 0.0)
    next(rows)
    assert drawn == 1
    wanted = 3 * READ_AHEAD
    assert [row.post.id for row in islice(rows, wanted) if isinstance(row, Tagged)] == list(
        map(str, range(1, wanted + 1))
    )
    assert drawn <= 1 + wanted + READ_AHEAD


def test_names_do_not_depend_on_the_company(tagger: RowTagger, monkeypatch: pytest.MonkeyPatch):
    posts = [post_from_text(f"Harry Kane at Wembley {'with the BBC ' * length}", "x") for length in range(9)]
    together = [as_json(row) for row in tagger.tagged(posts, 0.0)]
    monkeypatch.setattr(tag_rows, "READ_AHEAD", 1)
    assert [as_json(row) for row in tagger.tagged(posts, 0.0)] == together


def test_same_picture_is_looked_at_once_whatever_its_name(tmp_path: Path):
    Image.new("RGB", (20, 10), "red").save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    Image.new("RGB", (20, 10), "blue").save(tmp_path / "c.png")
    generator = Counting()
    reader = PictureReader(generator, PictureLimits())
    texts = [reader.text(tmp_path / name) for name in ("a.png", "b.png", "c.png", "a.png")]
    assert texts[0] == texts[1] == texts[3] != texts[2]
    assert list(generator.asked.values()) == [1, 1]


def test_broken_picture_is_remembered_and_told_under_each_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no picture")
    reader = PictureReader(Counting(), PictureLimits())
    with pytest.raises(DataError, match=r"a\.png: this is a text, not a picture"):
        reader.text(tmp_path / "a.png")
    monkeypatch.delattr(tag_rows, "decode")
    with pytest.raises(DataError, match=r"b\.png: this is a text, not a picture"):
        reader.text(tmp_path / "b.png")


def test_oldest_picture_is_forgotten_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tag_rows, "REMEMBERED", 2)
    for name in "abc":
        Image.new("RGB", (ord(name), 10)).save(tmp_path / name, "PNG")
    generator = Counting()
    reader = PictureReader(generator, PictureLimits())
    for name in "abacab":
        reader.text(tmp_path / name)
    assert sorted(generator.asked.values()) == [1, 1, 2]
