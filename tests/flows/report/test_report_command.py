"""mmavk report through the command line: what is on the page, what cannot be, and where it goes."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result
from written import draw, five, five_without, known, tagged, write_run

from mmavk_cli.base.images import PictureLimits
from mmavk_cli.cli.main import app
from mmavk_cli.flows.report import MOST_BYTES
from mmavk_cli.report.html.thumbnails import AT_ONCE, thumbnail, thumbnails
from mmavk_cli.report.predictions_reader import read_answers
from mmavk_cli.report.score_tables import kinds_table

VOID = {"meta", "img", "input", "path", "rect", "circle"}


def mmavk(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


class Read(HTMLParser):
    """A page's tags and texts, as a browser would read them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text += data


def page(*words: object, out: Path) -> Read:
    done = mmavk("report", *words, "--out", out)
    assert done.exit_code == 0, done.output
    return Read(out.read_text("utf-8"))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return write_run(tmp_path / "own", five(draw(tmp_path / "a.jpg")), knowledge="blip2")


def test_one_run_is_one_whole_page(own: Path):
    done = mmavk("report", own)
    assert done.exit_code == 0 and done.stdout == f"{own / 'report.html'}\n"
    read = Read((own / "report.html").read_text("utf-8"))
    assert read.open == []
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [str(attrs["href"])[1:] for tag, attrs in read.tags if tag == "a"]
    assert set(links) <= set(ids) and {"summary", "scores", "errors", "calibration", "similarity", "posts"} <= set(ids)
    assert len([tag for tag, _ in read.tags if tag == "article"]) == 5
    scores = json.loads((own / "scores.json").read_text())["strict"]["overall"]
    assert f"F1 {scores['f1']:.2f} (95 % interval" in read.text
    for words in ("missed: LOC", "spurious: MISC", "boundary: LOC 0.90, gold “New York City”", "PER 0.90, gold ORG"):
        assert words in read.text
    for words in ("Seen in the picture: a fjord", "(similarity 0.40, weight 1)", "(similarity 0.05, weight 0)"):
        assert words in read.text
    assert sum(str(attrs.get("src")).startswith("data:image/jpeg;base64,") for _, attrs in read.tags) == 1


def test_a_script_is_told_where_the_page_is(own: Path, tmp_path: Path):
    out = tmp_path / "page.html"
    done = mmavk("report", own, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"page": str(out), "bytes": out.stat().st_size, "posts": 5, "pictures": 1}


def test_boundary_errors_are_counted_apart_from_type_errors(own: Path):
    rows = tuple(read_answers(own / "predictions.test.jsonl"))
    made = kinds_table(rows)
    assert made.head == ("strict", "correct", "boundary", "type", "both", "missed", "spurious")
    assert made.rows == (
        ("LOC", "2", "1", "0", "0", "1", "0"), ("MISC", "0", "0", "0", "0", "0", "1"),
        ("ORG", "0", "0", "1", "0", "0", "0"), ("PER", "2", "0", "0", "0", "0", "0"),
    )  # fmt: skip


def test_two_runs_stand_side_by_side_with_what_differs(own: Path, tmp_path: Path):
    none = write_run(tmp_path / "none", five_without())
    read = page(own, none, out=tmp_path / "page.html")
    assert "knowledge (differs)" in read.text and "split (differs)" not in read.text
    assert "Knowledge changed the names of 2 posts: 1 for the better, 1 for the worse" in read.text
    assert re.search(r"A minus B: F1 [+-]\d+\.\d\d, 95 % interval", read.text)
    abouts = [str(attrs["data-about"]) for tag, attrs in read.tags if tag == "article"]
    assert abouts == ["counted changed better", "counted", "gated", "absent", "counted changed worse"]
    assert read.text.count("A, B") == 3


def test_nothing_is_loaded_and_no_other_script_can_run(own: Path, tmp_path: Path):
    source = (page(own, out=tmp_path / "page.html"), (tmp_path / "page.html").read_text("utf-8"))[1]
    assert not re.search(r"(?:src|href)=\"(?!data:image/jpeg|#)", source)
    assert not re.search(r"@import|url\(|innerHTML|document\.write|eval\(", source)
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', source)
    assert policy and "default-src 'none'" in policy[0] and "script-src 'sha256-" in policy[0]
    assert policy[0].count("unsafe") == 1 and "style-src 'unsafe-inline'" in policy[0]
    assert source.count("<script") == 1


def test_a_page_is_never_over_its_size_and_says_what_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = [tagged(f"p{at}", "Ann in Rome", [], [], known("x", 0.1), draw(tmp_path / f"{at}.jpg", seed=at))
            for at in range(40)]  # fmt: skip
    run = write_run(tmp_path / "own", rows, knowledge="blip2")
    whole = page(run, out=tmp_path / "whole.html")
    assert "pictures are not shown" not in whole.text
    monkeypatch.setattr("mmavk_cli.flows.report.MOST_BYTES", 100_000)
    cut = page(run, out=tmp_path / "cut.html")
    assert (tmp_path / "cut.html").stat().st_size <= 100_000 < MOST_BYTES
    (left,) = re.findall(r"(\d+) of 40 pictures are not shown", cut.text)
    assert len([tag for tag, _ in cut.tags if tag == "img"]) == 40 - int(left) > 0


def test_pictures_are_found_in_a_folder_and_can_be_left_out(tmp_path: Path):
    rows = [tagged("7", "Ann in Rome", [], [])]
    run = write_run(tmp_path / "own", rows)
    (tmp_path / "pictures").mkdir()
    draw(tmp_path / "pictures" / "7.png")
    read = page(run, "--images", tmp_path / "pictures", out=tmp_path / "with.html")
    assert [attrs["alt"] for tag, attrs in read.tags if tag == "img"] == ["Picture of the post"]
    with_file = write_run(tmp_path / "file", five(draw(tmp_path / "a.jpg")), knowledge="blip2")
    assert "img" not in {tag for tag, _ in page(with_file, "--no-images", out=tmp_path / "without.html").tags}


def test_a_picture_that_is_broken_is_counted_and_not_shown(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    run = write_run(tmp_path / "own", five(tmp_path / "a.jpg"), knowledge="blip2")
    assert "1 of 1 pictures are not shown" in page(run, out=tmp_path / "page.html").text


def test_the_curves_of_the_model_that_was_scored_are_found(own: Path, tmp_path: Path):
    training = tmp_path / "trained"
    training.mkdir()
    facts = {"command": "train", "settings": {"dataset": ["ours"]}}
    (training / "run.json").write_text(json.dumps(facts))
    lines = [{"step": at, "epoch": at / 2, "loss": 9 / at, "f1": 50 + at} for at in (1, 2, 3)]
    (training / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    said = json.loads((own / "run.json").read_text())
    said["settings"]["model"] = "elsewhere/trained"
    (own / "run.json").write_text(json.dumps(said))
    assert "the training of own ends at 3.000" in page(own, out=tmp_path / "a.html").text
    assert "mean, which chooses the epoch ends at 53.00" in page(own, out=tmp_path / "a.html").text
    shutil.rmtree(training)
    assert "Learning curves" not in page(own, out=tmp_path / "b.html").text


def test_a_folder_of_seeds_is_all_its_seeds(tmp_path: Path):
    for seed in (1, 2):
        write_run(tmp_path / "seeds" / f"seed-{seed}", five(), knowledge="blip2")
    read = page(tmp_path / "seeds", out=tmp_path / "page.html")
    assert "A · seed-1" in read.text and "B · seed-2" in read.text


def test_a_run_of_tag_is_shown_without_judgement(tmp_path: Path):
    posts = '{"id": "1", "text": "Two days in Paris"}\n{"id": "2"}\n'
    (tmp_path / "posts.jsonl").write_text(posts)
    assert mmavk("tag", tmp_path / "posts.jsonl", "--out", tmp_path / "run").exit_code == 3
    read = page(tmp_path / "run", out=tmp_path / "page.html")
    assert "no 'text'" in read.text and "Paris" in read.text and "missed" not in read.text


@pytest.mark.parametrize(
    ("name", "content", "code", "told"),
    [
        ("run.json", None, 3, "no run here"),
        ("run.json", '{"command": "export"}', 3, "not a run of mmavk eval or tag or train or score or sweep"),
        ("scores.json", "{", 3, "the run is broken"),
        ("scores.json", "[]", 3, "not a JSON object"),
        ("scores.json", '{"strict": {}}', 3, "the run has no 'errors'"),
        ("predictions.test.jsonl", None, 3, "cannot read"),
        ("predictions.test.jsonl", '{"id": 1}\n', 3, "predictions.test.jsonl:1: not a record of a tagged post"),
    ],
)
def test_a_broken_run_is_told_with_its_file(own: Path, name: str, content: str | None, code: int, told: str):
    (own / name).unlink() if content is None else (own / name).write_text(content)
    done = mmavk("report", own)
    assert getattr(done.exception, "code", None) == code and told in str(done.exception)
    assert not (own / "report.html").exists()


def test_a_folder_is_no_page(own: Path):
    done = mmavk("report", own, "--out", own)
    assert "this is a folder" in str(done.exception) and getattr(done.exception, "code", None) == 3


def test_pictures_are_made_in_threads_in_their_order(tmp_path: Path):
    paths = [draw(tmp_path / f"{at}.jpg", (16, 16), at) for at in range(3 * AT_ONCE + 1)]
    made = list(thumbnails(paths, PictureLimits(), MOST_BYTES))
    assert made == [thumbnail(path, PictureLimits()) for path in paths] and len(set(made)) > AT_ONCE
