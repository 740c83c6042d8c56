"""The Python API: the same names, knowledge and errors as `mmavk tag`, which stands on the same class."""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import count, islice

import pytest
from PIL import Image
from ran import EXAMPLES, Mmavk

import mmavk_cli
from mmavk_cli import Tagger
from mmavk_cli.api import DataError, MissingError, Result, UsageError
from mmavk_cli.flows.tag import rows as tag_rows

TEXT = "Standing where Kennedy spoke at Rice, and the moon is up over Houston tonight"
PICTURE = EXAMPLES / "picture.jpg"


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return Tagger.load(threads=1)


def modules(program: str) -> set[str]:
    """The top-level modules that a program has loaded when it ends."""
    probe = f"{program}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_the_package_loads_nothing_until_it_is_asked():
    assert not modules("import mmavk_cli") & {"pydantic", "numpy", "typer", "torch", "PIL"}
    assert not modules("from mmavk_cli import Tagger") & {"numpy", "typer", "rich", "torch", "PIL", "onnxruntime"}
    assert not modules("from mmavk_cli import Tagger; Tagger.load()('Ann in Rome')") & {"torch", "transformers", "PIL"}


def test_what_the_package_has_is_listed_and_nothing_else_is_there():
    assert {"Tagger", "Result", "__version__"} <= set(dir(mmavk_cli))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        mmavk_cli.Nothing  # noqa: B018


def test_a_stream_gives_the_records_of_the_command(tagger: Tagger, mmavk: Mmavk):
    rows = [json.loads(line) for line in (EXAMPLES / "posts.jsonl").read_text("utf-8").splitlines()]
    posts = [row | ({"image": str(EXAMPLES / row["image"])} if "image" in row else {}) for row in rows]
    records = mmavk("tag", EXAMPLES / "posts.jsonl", "--format", "jsonl").records
    assert [result.as_json() for result in tagger.stream(posts)] == records


def test_names_have_their_place_in_the_text(tagger: Tagger):
    result = tagger(TEXT)
    assert [one.text for one in result.entities] == [TEXT[one.start : one.end] for one in result.entities]
    assert "Houston" in [one.text for one in result.entities]
    assert (result.text, result.knowledge, result.problem, result.notes) == (TEXT, None, None, ("no picture",))
    assert result.types == ("PER", "LOC", "ORG", "MISC")
    assert "LOC 'Houston'" in repr(result)


@pytest.mark.parametrize("kind", ["path", "text of a path", "bytes", "Pillow"])
def test_a_picture_is_read_in_any_form(tagger: Tagger, kind: str):
    given = {"path": PICTURE, "text of a path": str(PICTURE), "bytes": PICTURE.read_bytes(), "Pillow": None}[kind]
    result = tagger(TEXT, image=given if given is not None else Image.open(PICTURE))
    assert result.knowledge is not None
    assert "RICE UNIVERSITY" in result.knowledge.text
    assert result.knowledge.weight == 1
    assert "data:image/jpeg;base64," in result._repr_html_()


def test_a_picture_that_is_not_looked_at_is_said():
    blind = Tagger.load(generator="none", threads=1)
    for given in (PICTURE, PICTURE.read_bytes()):
        assert blind(TEXT, image=given).notes == ("the picture was not looked at",)


@pytest.mark.parametrize(
    ("text", "image", "said"),
    [
        (TEXT, "nowhere.jpg", "nowhere.jpg: no such picture"),
        (TEXT, b"no picture at all", "not a picture"),
        (TEXT, "https://example.org/a.jpg", "pictures are not fetched"),
        ("  ", None, "post 1: the post is empty"),
        ("half \ud800", None, "half a surrogate pair"),
    ],
)
def test_what_is_wrong_with_a_post_is_raised(tagger: Tagger, text: str, image: object, said: str):
    with pytest.raises(DataError) as raised:
        tagger(text, image=image)  # type: ignore[arg-type]
    assert said in str(raised.value)


def test_a_stream_goes_on_behind_what_is_wrong(tagger: Tagger):
    posts = ["Ann in Rome", "", ("Ann in Rome", "nowhere.jpg"), {"id": "x", "words": ["Ann"], "tags": []}, "Rome"]
    results = list(tagger.stream(posts))
    assert [result.id for result in results] == ["1", "2", "3", "4", "5"]
    assert [result.problem is None for result in results] == [True, False, False, False, True]
    assert [bool(result.entities) for result in results] == [True, False, True, False, True]
    assert results[1].text == ""
    assert "the post is empty" in repr(results[1])
    assert "the post is empty" in results[1]._repr_html_()


@pytest.mark.parametrize(
    ("posts", "said"),
    [
        ("Ann in Rome", "this is one post"),
        ({"text": "Ann"}, "this is one post"),
        ([7], "a int is no post"),
        ([("Ann", 7)], "a int is no picture"),
    ],
)
def test_what_is_no_post_is_a_usage_error(tagger: Tagger, posts: object, said: str):
    with pytest.raises(UsageError) as raised:
        list(tagger.stream(posts))  # type: ignore[arg-type]
    assert said in str(raised.value)


def test_loading_tells_what_the_command_tells():
    with pytest.raises(MissingError, match="no checkpoint here"):
        Tagger.load("nowhere")
    with pytest.raises(UsageError) as raised:
        Tagger.load(minscore=0.5)
    assert "min_score" in str(raised.value)
    with pytest.raises(UsageError, match="min-score"):
        Tagger.load(min_score=2)
    with pytest.raises(UsageError, match="generator"):
        Tagger.load(generator="nothing")


def test_the_settings_file_and_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMAVK_MIN_SCORE", "1.0")
    monkeypatch.setenv("MMAVK_MODEL", "nowhere")
    assert Tagger.load(threads=1)("Ann in Rome").entities


def test_names_that_are_not_sure_can_be_left_out():
    assert not Tagger.load(min_score=1.0, threads=1)("Ann in Rome").entities


def test_one_post_after_another_loads_nothing_again(monkeypatch: pytest.MonkeyPatch):
    loads: list[str] = []
    real = tag_rows.open_model
    monkeypatch.setattr(tag_rows, "open_model", lambda *of: (loads.append(of[0]), real(*of))[1])
    tagger = Tagger.load(threads=1)
    for _ in range(3):
        tagger("Ann in Rome")
    assert loads == ["embedded"]


def test_a_stream_reads_no_more_than_it_tags_together(tagger: Tagger):
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        for read in count(1):
            yield f"Ann in Rome {read}"

    results = list(islice(tagger.stream(endless()), 100))
    assert [result.text.split()[-1] for result in results] == [str(number) for number in range(1, 101)]
    assert read <= 100 + 2 * tag_rows.READ_AHEAD


def test_a_notebook_shows_the_component_of_the_page_and_nothing_acts(tagger: Tagger):
    shown = tagger("Ann <script>alert(1)</script> in Rome")._repr_html_()
    assert '<mark class="LOC">' in shown
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    style = shown.partition("<style>")[2].partition("</style>")[0]
    assert style.strip().startswith(".mmavk {")
    assert style.count("{") == style.count("}")
    assert ":root" not in style
    assert "body {" not in style


def test_results_are_results(tagger: Tagger):
    assert isinstance(tagger("Ann"), Result)
