"""Text, offsets, names and pictures survive every format that can hold them, and what cannot be held is told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import BadRow, Counted, Post, Row, Word
from mmavk_cli.corpus.formats.format import LOST, lost
from mmavk_cli.corpus.formats.registry import FORMATS, by_content
from mmavk_cli.corpus.tokenize import cut, joined
from mmavk_cli.spans import characters, strict_spans

HOLD_ALL = ("jsonl", "hf")
KEEP_OFFSETS = (*HOLD_ALL, "doccano", "prodigy", "labelstudio", "labelstudio-min", "spacy")

ODD = (
    "Ann", "naïve", "e\u0301te\u0301", "👩‍👩‍👧", "🇬🇧", "\u200b", "\u200d", "\u202eabc\u202c", "שלום", "مرحبا",
    "#tag", "@who", "https://t.co/x", "www.x.org.", "1,000.5", "it's", ":)", '"', "\\", "</b>", "\x00", "\ufeff",
    "IMGID:7", "-DOCSTART-", "AT&amp;T", "&#39;",
)  # fmt: skip
GAPS = (" ", "  ", "", "\n", "\t", "\r\n", "\xa0", "\u2028", " \u3000")
TYPES = ("PER", "LOC", "ORG", "MISC", "product-name")

texts = st.lists(
    st.tuples(st.sampled_from(GAPS), st.one_of(st.sampled_from(ODD), st.text(max_size=6))), max_size=8
).map(lambda parts: "".join(gap + part for gap, part in parts))


def decoded(post: Post) -> bool:
    """HTML entities were decoded in the words, which formats with words do not hold."""
    return post.raw_words() != [word.text for word in post.words]


names = st.one_of(st.none(), st.sampled_from(("17_06_1", "a b", "é")))
pictures = st.one_of(st.none(), st.sampled_from((Path("p.jpg"), Path("deep/er.png"), Path("/x/abs.jpg"))))


def parts(word: Word, at: int) -> Iterator[Word]:
    """A word cut in two, where it is long enough."""
    middle = word.start + at
    if word.start < middle < word.end:
        yield Word(word.text[:at], word.start, middle)
        yield Word(word.text[at:], middle, word.end)
    else:
        yield word


@st.composite
def posts(draw: st.DrawFn, tagged: bool = False) -> Post:
    """Any post a reader could make: raw text in mmavk's words or finer ones, or words joined; strict tags or none."""
    if draw(st.booleans()):
        text = draw(texts.filter(cut))
        words = cut(text)
        if (at := draw(st.integers(0, 2))) and "&" not in text:
            words = tuple(part for word in words for part in parts(word, at))
    else:
        text, words = joined(draw(st.lists(st.sampled_from((*ODD, "\xa0", "New York")), min_size=1, max_size=6)))
    tags, kind = [], ""
    for prefix in draw(st.lists(st.sampled_from("BIO"), min_size=len(words), max_size=len(words))):
        if prefix == "B" or (prefix == "I" and not kind):
            kind = draw(st.sampled_from(TYPES))
            tags.append(f"B-{kind}")
        else:
            kind = kind if prefix == "I" else ""
            tags.append(f"I-{kind}" if kind else "O")
    image_id, image = draw(names), draw(pictures)
    return Post(
        image_id or "id 1", text, words, tuple(tags) if tagged or draw(st.booleans()) else None, image_id, image
    )  # fmt: skip


def written(name: str, several: list[Post], path: Path) -> tuple[list[Row], Counted]:
    """The posts written into a file and read again."""
    form, counted = FORMATS[name], Counted()
    with form.writer(path) as put:
        for post in several:
            put(form.record(post, path.parent))
    return list(form.read(path, counted)), counted


def placed(post: Post, folder: Path) -> Post:
    """The post as a reader of a file in `folder` would have it."""
    return replace(post, image=post.image and folder / post.image)


few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("name", HOLD_ALL)
@few
@given(several=st.lists(posts(), min_size=1, max_size=4))
def test_everything_survives_what_holds_everything(name: str, several: list[Post]):
    with TemporaryDirectory() as folder:
        place = Path(folder)
        given_posts = [placed(post, place) for post in several if name == "jsonl" or not decoded(post)]
        found, counted = written(name, given_posts, place / f"f{FORMATS[name].suffix}")
        assert [replace(row, where="") for row in found if isinstance(row, Post)] == given_posts
        assert not any(counted.counts.values())


@pytest.mark.parametrize("name", KEEP_OFFSETS)
@few
@given(several=st.lists(posts(), min_size=1, max_size=3))
def test_text_offsets_and_names_survive(name: str, several: list[Post]):
    with TemporaryDirectory() as folder:
        place = Path(folder)
        given_posts = [placed(post, place) for post in several]
        found, counted = written(name, given_posts, place / f"f{FORMATS[name].suffix}")
        assert len(found) == len(several)
        for row, post in zip(found, given_posts, strict=True):
            assert isinstance(row, Post), row
            in_words = decoded(post) and name in {"hf", "prodigy", "spacy"}
            assert list(lost(post, row)) == (["words"] if in_words else [])
            assert (row.text, row.raw_words(), row.tags) == (post.text, post.raw_words(), post.tags)
        assert not any(counted.counts.values())


def otherwise(word: str) -> bool:
    """CoNLL cannot hold the word, or would be read as something else."""
    marks = word.startswith("IMGID:") or word == "-DOCSTART-"
    return marks or bool(set("\n\r\t") & set(word)) or word != word.strip(" ")


@few
@given(post=posts(tagged=True))
def test_conll_holds_a_post_but_for_what_it_tells(post: Post):
    form = FORMATS["conll"]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f.conll"
        if any(otherwise(word.text) for word in post.words):
            with pytest.raises(DataError):
                form.record(post, path.parent)
            return
        record = form.record(post, path.parent)
        with form.writer(path) as put:
            put(record)
        (row,) = form.read(path, Counted())
    assert isinstance(row, Post)
    told = set(lost(post, row))
    assert {"no_tags", "names", "loose_tags"} & told == set()
    assert ("words" in told) == decoded(post)
    assert ("text" in told) == (post.text != " ".join(post.raw_words()))
    assert ("image" in told) == (post.image is not None)
    assert ("image_id" in told) == (post.image_id is None)
    assert [word.text for word in row.words] == post.raw_words()
    assert row.tags == post.tags


PLAIN = Post("1", "Ann Lee in Rome", cut("Ann Lee in Rome"), ("B-PER", "I-PER", "O", "B-LOC"), "7", Path("a.jpg"))


@pytest.mark.parametrize(
    ("kind", "back"),
    {
        "text": replace(PLAIN, text="Ann  Lee in Rome"),
        "words": replace(PLAIN, words=(*cut(PLAIN.text)[:3], Word("Rom", 11, 14))),
        "names": replace(PLAIN, tags=("B-PER", "O", "O", "B-LOC")),
        "id": replace(PLAIN, id="2"),
        "image_id": replace(PLAIN, image_id=None),
        "image": replace(PLAIN, image=None),
    }.items(),
)
def test_each_kind_of_loss_is_seen(kind: str, back: Post):
    assert list(lost(PLAIN, PLAIN)) == []
    assert kind in set(lost(PLAIN, back))
    assert kind in LOST


def test_lost_tags_are_seen():
    loose = replace(PLAIN, tags=("I-PER", "I-PER", "O", "B-LOC"))
    assert list(lost(loose, replace(PLAIN, tags=("O", "O", "O", "B-LOC")))) == ["loose_tags"]
    assert list(lost(replace(PLAIN, tags=None), replace(PLAIN, tags=("O",) * 4))) == ["no_tags"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_is_known_by_its_name_and_content(name: str, tmp_path: Path):
    path = tmp_path / f"f{FORMATS[name].suffix}"
    found, _ = written(name, [PLAIN], path)
    assert by_content(path) == name
    (row,) = found
    assert isinstance(row, Post)
    spans = [row.text[slice(*characters(span, row.words))] for span in strict_spans(row.tags or ())]
    assert spans == ["Ann Lee", "Rome"]
    if name in {"doccano", "prodigy"}:
        plain = path.with_name("plain.jsonl")
        path.rename(plain)
        assert by_content(plain) == name


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_file_has_no_posts(name: str, tmp_path: Path):
    assert written(name, [], tmp_path / f"f{FORMATS[name].suffix}")[0] == []


@pytest.mark.parametrize("name", ["spacy", "hf"])
def test_a_file_of_something_else_is_told(name: str, tmp_path: Path):
    path = tmp_path / f"f{FORMATS[name].suffix}"
    path.write_bytes(b"something else")
    with pytest.raises(Exception, match="not a") as told:
        list(FORMATS[name].read(path, Counted()))
    assert str(path) in str(told.value)


def test_bad_rows_of_a_docbin_are_rows(tmp_path: Path):
    spacy = pytest.importorskip("spacy")
    docs = spacy.tokens.DocBin(store_user_data=True)
    vocab = spacy.Vocab()
    docs.add(spacy.tokens.Doc(vocab, words=[" "], spaces=[False]))
    docs.add(spacy.tokens.Doc(vocab, words=["Rome"], spaces=[False], user_data={"mmavk": {"words": [5]}}))
    docs.add(spacy.tokens.Doc(vocab, words=["Rome"], spaces=[False]))
    path = tmp_path / "f.spacy"
    docs.to_disk(path)
    rows = list(FORMATS["spacy"].read(path, Counted()))
    assert [isinstance(row, BadRow) for row in rows] == [True, True, False]
    assert [row.problem.where for row in rows if isinstance(row, BadRow)] == [f"{path}:1", f"{path}:2"]
