"""What is written: JSON, CoNLL and HTML, for whatever a post may hold."""

import base64
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from ran import EXAMPLES, Mmavk

from mmavk_cli.base.images import PictureLimits
from mmavk_cli.base.records import BadRow, Counted, Entity, Knowledge, Post, Problem, Tagged
from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.corpus.tokenize import cut, joined
from mmavk_cli.flows.tag.rows import LEFT_OUT, NO_PICTURE, NOT_LOOKED_AT, NOTHING_READ, UNREAD
from mmavk_cli.report.html.tag_page import html
from mmavk_cli.report.predictions_writer import as_json, conll, json_lines
from mmavk_cli.report.safe_text import ACTING, stretches, visible

VOID = {"meta", "img"}


class Page(HTMLParser):
    """Reads a page as a browser would: its tags in order, and the text under each class."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "article" in self.open:
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def tagged(text: str, *names: tuple[str, str], image: Path | None = None, knowledge: str = "") -> Tagged:
    words = cut(text)
    entities = []
    for name, kind in names:
        start = text.index(name)
        inside = [n for n, word in enumerate(words) if word.start >= start and word.end <= start + len(name)]
        entities.append(Entity(start, start + len(name), inside[0], inside[-1] + 1, kind, name, 0.123456))
    seen = Knowledge(knowledge, "sha256:0", 0.5, 0.25) if knowledge else None
    return Tagged(Post("<i>1</i>", text, words, image=image), tuple(entities), seen, "m")


def page(*rows: Tagged | BadRow) -> str:
    return "".join(html(rows, Counted(), PictureLimits()))


EVIL = "<script>alert('Paris')</script> & \"Rome\" <img src=x onerror=alert(1)>"


def test_page_runs_nothing_and_loads_nothing():
    bad = BadRow("<b>", Problem("DataError", "<script>1</script>", "<a href=x>", "<style>"))
    text = page(tagged(EVIL, ("Paris", "LOC"), ("Rome", "LOC"), knowledge="<script>2</script>"), bad)
    read = Page(text)
    assert {"script", "link", "iframe", "object", "a", "b", "i", "form"} & {tag for tag, _ in read.tags} == set()
    assert not [name for _, attributes in read.tags for name in attributes if name in {"src", "href", "onerror"}]
    assert not re.search(r"https?://|@import|url\(", text)
    assert "default-src 'none'" in str(read.all("meta"))
    shown = "".join(read.texts)
    for part in ("<script>alert('", ")</script> & ", "<script>2</script>", "<script>1</script>", "<style>"):
        assert part in shown


def test_page_says_its_language_and_labels_every_mark():
    read = Page(page(tagged("Ann Lee in Rome", ("Ann Lee", "PER"), ("Rome", "LOC"))))
    assert read.all("html") == [{"lang": "en"}]
    assert len(read.all("title")) == len(read.all("main")) == len(read.all("h1")) == 1
    assert [mark["class"] for mark in read.all("mark")] == ["PER", "LOC"]
    assert "".join(read.texts).count("PER") == 1
    assert read.open == []


def test_page_keeps_directions_apart_and_shows_control_characters():
    text = "שלום Paris \u202eevil\u202c \0 \x1b[31m Par\u200bis\nnext"
    source = page(tagged(text, ("Paris", "LOC")))
    assert not set(source) & set("\u202e\u202c\0\x1b")
    assert "\u200b" in source
    assert "␛[31m Par\u200bis\nnext</p>" in source
    assert [one["dir"] for one in Page(source).all("p") if one["class"] == "post"] == ["auto"]


def test_picture_is_a_small_one_without_the_metadata_of_its_file(tmp_path: Path):
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    Image.new("RGB", (900, 600), "red").save(tmp_path / "a.jpg", exif=exif)
    source = page(tagged("in Rome", image=tmp_path / "a.jpg", knowledge='a "red" wall'))
    (picture,) = Page(source).all("img")
    assert picture["alt"] == "Picture of the post"
    assert source.count("a &#34;red&#34; wall") == 1, "what is seen in it stands below it, and is not to be heard twice"
    raw = base64.b64decode(str(picture["src"]).removeprefix("data:image/jpeg;base64,"))
    with Image.open(io.BytesIO(raw)) as image:
        assert image.size == (320, 213)
    assert b"where I live" not in raw
    assert not Page(page(tagged("in Rome", image=tmp_path / "gone.jpg"))).all("img")


def test_page_is_written_as_rows_come():
    drawn = []

    def rows():
        for number in range(1000):
            drawn.append(number)
            yield tagged("in Rome", ("Rome", "LOC"))

    pieces = html(rows(), Counted(), PictureLimits())
    next(pieces)
    assert len(drawn) < 50


def test_colours_can_be_read():
    source = (Path(__file__).parents[3] / "mmavk_cli" / "report" / "templates" / "style.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", source, re.DOTALL)
    )
    for colours in (light, dark):
        for ink in ("ink", "faint", "fault"):
            assert contrast(colours[ink], colours["paper"]) >= 4.5
        for kind in ("PER", "LOC", "ORG", "MISC", "other"):
            assert contrast(colours["label"], colours[kind]) >= 4.5


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2, 1.4.3)."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@given(st.text(max_size=40))
def test_json_lines_are_lines_for_every_reader(text: str):
    row = Tagged(Post(text or "x", text, cut(text)), (), None, "m")
    (line,) = json_lines([row])
    assert line.splitlines() == [line[:-1]]
    assert json.loads(line) == as_json(row)


def test_scores_have_four_decimals():
    record = as_json(tagged("in Rome", ("Rome", "LOC"), knowledge="a wall"))
    assert record["entities"] == [
        {"start": 3, "end": 7, "word_start": 1, "word_end": 2, "type": "LOC", "text": "Rome", "score": 0.1235}
    ]
    assert record["knowledge"] == {
        "text": "a wall", "recipe": "sha256:0", "similarity": 0.5, "weight": 0.25, "scorer": None,
    }  # fmt: skip


WORDS = st.text(min_size=1, max_size=8).filter(lambda word: not word.startswith("IMGID:") and word.split())
LINE_ENDS = re.compile("[\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029]")


@given(tokens=st.lists(WORDS, min_size=1, max_size=5))
def test_conll_is_read_back_with_the_same_words(tokens: list[str], tmp_path_factory: pytest.TempPathFactory):
    text, words = joined(tokens)
    entity = Entity(words[-1].start, words[-1].end, len(words) - 1, len(words), "LOC", tokens[-1], 0.5)
    written = "".join(conll([Tagged(Post("a\nb", text, words), (entity,), None, "m")]))
    assert len(written.splitlines()) == len(tokens) + 2
    path = tmp_path_factory.getbasetemp() / "back.conll"
    path.write_text(written, "utf-8", newline="")
    (post,) = read_conll(path)
    assert post.id == "a b"
    assert [word.text for word in post.words] == [LINE_ENDS.sub(" ", token).strip(" ") for token in tokens]
    assert post.tags == ("O",) * (len(tokens) - 1) + ("B-LOC",)


@given(st.text(max_size=30))
def test_stretches_are_the_whole_text(text: str):
    words = cut(text)
    names = [Entity(word.start, word.end, n, n + 1, "PER", word.text, 1.0) for n, word in enumerate(words) if n % 2]
    parts = list(stretches(Tagged(Post("x", text, words), tuple(names), None, "m")))
    assert "".join(part for part, _ in parts) == text
    assert [entity for _, entity in parts if entity] == names


@given(st.text())
def test_visible_text_acts_on_nothing(text: str):
    shown = visible(text)
    assert all(character.isprintable() or category(character) in {"Zs", "Cf", "Cn", "Co"} for character in shown)
    assert not set(shown) & ACTING
    assert visible(shown) == shown


def test_records_are_read_back_as_input(tag: Mmavk):
    first = tag(EXAMPLES / "posts.jsonl")
    again = tag("-", stdin=first.out.encode())
    assert again.out == first.out


def test_formats_page_names_every_field_and_note(tag: Mmavk):
    text = (Path(__file__).parents[3] / "docs" / "formats.md").read_text("utf-8").partition("\n## Output\n")[2]
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    shown, failed = map(json.loads, block.strip().splitlines())
    (record,) = tag(EXAMPLES / "post.txt", "--image", EXAMPLES / "picture.jpg").records
    assert outline(shown) == outline(record)
    (bad,) = tag("-", stdin=b"{}").records
    assert outline(failed) == outline(bad)
    notes = {NO_PICTURE, NOT_LOOKED_AT, NOTHING_READ, LEFT_OUT, UNREAD}
    assert notes <= set(re.findall("`([^`\\n]+)`", text.partition("| `notes` |")[2].partition("\n")[0]))
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == {*record, "error", "gold"}


def outline(value: object) -> object:
    """Names and types of a JSON value, without what it says."""
    if isinstance(value, dict):
        return {name: outline(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [outline(value[0])] if value else []
    return type(value).__name__
