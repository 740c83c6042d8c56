"""`mmavk tag` as a user types it."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ran import EXAMPLES, Mmavk

from mmavk_cli import __version__

TEXT = "Two days in Paris and still no time for the Louvre"
FIELDS = ["id", "text", "entities", "knowledge", "model", "image", "notes", "problem"]


def names(record: dict) -> list[str]:
    return [f"{one['text']} {one['type']}" for one in record["entities"]]


def test_post_with_its_picture(tag: Mmavk):
    ran = tag(EXAMPLES / "post.txt", "--image", EXAMPLES / "picture.jpg")
    (record,) = ran.records
    assert (ran.code, ran.err) == (0, "")
    assert list(record) == FIELDS
    assert {"Kennedy PER", "Houston LOC", "NASA ORG"} <= set(names(record))
    assert "RICE UNIVERSITY" in record["knowledge"]["text"]
    assert -1 <= record["knowledge"]["similarity"] <= 1
    assert record["knowledge"]["recipe"].startswith("sha256:")
    assert record["model"].endswith(f"@{__version__}")
    assert (record["id"], record["notes"], record["problem"]) == ("post", [], None)


@pytest.mark.parametrize("source", ["--text", "file", "stdin", "stdin json", "jsonl", "conll", "folder", "bom"])
def test_every_way_in_gives_the_same_names(source: str, tag: Mmavk, tmp_path: Path):
    row = json.dumps({"text": TEXT}).encode()
    path = tmp_path / {"jsonl": "post.jsonl", "conll": "post.conll"}.get(source, "post.txt")
    conll = "IMGID:7\n" + "".join(f"{word}\tO\n" for word in TEXT.split())
    path.write_bytes(
        {"jsonl": row, "conll": conll.encode(), "bom": b"\xef\xbb\xbf" + TEXT.encode()}.get(source, TEXT.encode())
    )
    stdin = b"\xef\xbb\xbf \n\r\n " + row if source == "stdin json" else TEXT.encode() + b"\n"
    arguments = {"--text": ["--text", TEXT], "folder": [tmp_path]}.get(source, ["-" if "stdin" in source else path])
    (record,) = tag(*arguments, stdin=stdin).records
    assert record["text"] == TEXT
    assert names(record) == ["Paris LOC", "Louvre LOC"]
    assert [one["word_start"] for one in record["entities"]] == [3, 10]


def test_post_keeps_its_own_words(tag: Mmavk):
    row = json.dumps({"id": 1, "words": ["See", "@England", "'s", "Harry-Kane", "!"]}).encode()
    assert tag("-", "--format", "conll", stdin=row).out.splitlines() == [
        "IMGID:1", "See\tO", "@England\tB-ORG", "'s\tO", "Harry-Kane\tB-PER", "!\tO", "",
    ]  # fmt: skip


def test_scripts_the_model_does_not_read_are_told(tag: Mmavk, posts: Callable[..., Path]):
    rows = [{"text": "Привет из Paris"}, {"text": "Hello from Łódź ツ"}, {"text": "สวัสดี и ещё"}]
    done = tag(posts(*rows), "--no-image", "--format", "jsonl")
    told = "words in a script that the model does not read"
    assert [record["notes"][1:] for record in done.records] == [[f"{told}: Cyrillic"], [], [f"{told}: Thai, Cyrillic"]]
    assert done.faults == [f"mmavk: {told}, and few or no names are found there; posts: Cyrillic in 2, Thai in 1"]
    assert tag(posts(*rows), "--no-image", "--quiet", "--format", "jsonl").err == ""


def test_folder_takes_texts_with_pictures_of_the_same_name(tag: Mmavk, tmp_path: Path):
    (tmp_path / "b.txt").write_text("Back in Rome")
    (tmp_path / "b.JPG").write_bytes((EXAMPLES / "folder" / "abbey.jpg").read_bytes())
    (tmp_path / "a.txt").write_text("Off to Paris")
    (tmp_path / "c.png").write_bytes(b"nobody's")
    (tmp_path / "notes.md").write_text("not a post")
    (tmp_path / "deeper.txt").mkdir()
    ran = tag(tmp_path)
    assert [record["id"] for record in ran.records] == ["a", "b", "deeper"]
    assert ran.records[1]["image"] == str(tmp_path / "b.JPG")
    assert ran.records[2]["error"]["kind"] == "DataError"
    assert ran.code == 3


def test_no_image_and_no_generator_leave_pictures_alone(tag: Mmavk, posts: Callable[..., Path]):
    path = posts({"text": TEXT, "image": "nowhere.jpg"})
    (record,) = tag(path, "--no-image").records
    assert (record["knowledge"], record["image"], record["notes"]) == (None, None, ["no picture"])
    ran = tag(path, "--generator", "none")
    assert ran.code == 0
    assert ran.records[0]["image"].endswith("nowhere.jpg")
    assert ran.records[0]["notes"] == ["the picture was not looked at"]


def test_threshold_takes_knowledge_away(tag: Mmavk):
    shut, half, opened = (
        tag("--text", TEXT, "--image", EXAMPLES / "picture.jpg", "--generator", "echo", *flags).records[0]
        for flags in (["--threshold", "1"], ["--threshold", "1", "--below", "0.5"], ["--threshold", "none"])
    )
    assert [record["knowledge"]["weight"] for record in (shut, half, opened)] == [0, 0.5, 1]
    assert shut["knowledge"]["text"].startswith("a picture of 640 by 400 pixels")
    assert shut["entities"] == tag("--text", TEXT).records[0]["entities"]


def test_min_score_leaves_out_what_is_less_probable(tag: Mmavk):
    everything = tag("--text", TEXT).records[0]["entities"]
    cut = max(one["score"] for one in everything)
    assert tag("--text", TEXT, "--min-score", str(cut - 1e-4)).records[0]["entities"] == [
        one for one in everything if one["score"] == cut
    ]


def test_run_folder_holds_the_records_and_stdout_stays_silent_unless_asked(tag: Mmavk, tmp_path: Path):
    ran = tag(EXAMPLES / "posts.jsonl", "--out", tmp_path / "run")
    assert (ran.code, ran.out) == (0, "")
    kept = (tmp_path / "run" / "predictions.jsonl").read_text("utf-8")
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    found = sum(len(json.loads(line)["entities"]) for line in kept.splitlines())
    assert facts["totals"] == {"posts": 4, "names": found, "with_knowledge": 2, "bad_pictures": 0, "bad_rows": 0}
    assert ran.err == f"mmavk: posts tagged: 4, names: {found}, in {tmp_path / 'run'}\n"
    assert facts["recipe"]["id"] == json.loads(kept.splitlines()[0])["knowledge"]["recipe"]
    printed = tag(EXAMPLES / "posts.jsonl", "--out", tmp_path / "again", "--format", "jsonl")
    assert printed.out == kept
    there = tag("--text", TEXT, "--out", tmp_path / "run")
    assert (there.code, len(there.faults)) == (3, 1)


def test_run_folder_is_told_beside_what_is_bad_and_not_when_quiet(tag: Mmavk, tmp_path: Path):
    rows = b'{"text": "In Paris"}\n{"text": ""}\n'
    ran = tag("-", "--out", tmp_path / "run", stdin=rows)
    assert ran.code == 3
    assert ran.err.splitlines()[-1].endswith(f"bad rows: 1, pictures left out: 0, in {tmp_path / 'run'}")
    assert tag("--text", TEXT, "--out", tmp_path / "again", "--quiet").err == ""


def test_json_is_one_object(tag: Mmavk):
    page = json.loads(tag(EXAMPLES / "posts.jsonl", "--format", "json", "--no-image").out)
    assert [post["id"] for post in page["posts"]] == ["rice", "abbey", "wembley", "paris"]
    assert page["summary"]["posts"] == 4
    assert page["summary"]["names"] == sum(len(post["entities"]) for post in page["posts"])
    empty = json.loads(tag("-", "--format", "json", stdin=b'{"text": ""}\n').out)
    assert list(empty["posts"][0]) == ["id", "error"]


def test_table_fits_eighty_columns_without_colour_and_acts_on_no_terminal(tag: Mmavk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = f"\x1b[31mEvil\x07 \u202etxt.exe\u202c in Paris [bold]x[/bold] {'long ' * 300}\r\nend"
    ran = tag("--text", text, "--format", "table")
    assert not set(ran.out) & set("\x1b\x07\r\u202e\u202c")
    assert "␛[31mEvil␇ txt.exe in Paris [bold]x[/bold]" in ran.out
    assert f"({len(text):,} characters)" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert next(line.split() for line in ran.out.splitlines() if "LOC" in line)[:2] == ["Paris", "LOC"]


def test_table_tells_the_knowledge_and_what_is_missing(tag: Mmavk):
    out = tag(EXAMPLES / "folder", "--format", "table").out
    assert "Picture: a picture with the words ABBEY ROAD" in out
    assert "Note: no picture" in out


@pytest.mark.parametrize(("terminal", "linked"), [("xterm", True), ("dumb", False)])
def test_the_picture_is_a_link_where_the_terminal_knows_links(tag, monkeypatch, terminal: str, linked: bool):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", terminal)
    out = tag(EXAMPLES / "folder", "--format", "table", "--generator", "none").out
    link = f"{(EXAMPLES / 'folder' / 'abbey.jpg').absolute().as_uri()}\x1b\\Picture\x1b]8;;\x1b\\: abbey.jpg"
    assert (link in out) == linked == ("\x1b" in out)
    assert linked or "Picture: abbey.jpg\n" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["nothing to tag", "--text"]),
        (["--text", "a", "b.txt"], ["--text", "INPUT"]),
        (["--text", "a", "--image", "b.jpg", "--no-image"], ["--image", "--no-image"]),
        ([EXAMPLES / "posts.jsonl", "--image", "b.jpg"], ["--image", "more than one post"]),
        ([EXAMPLES / "folder", "--image", "b.jpg"], ["--image", "more than one post"]),
        ([EXAMPLES / "picture.jpg"], ["picture.jpg", "--image"]),
        (["--text", "a", "--generator", "orc"], ["--generator", "'ocr'"]),
        (["--text", "a", "--threshold", "x", "--min-score", "2"], ["--threshold", "--min-score"]),
    ],
)
def test_what_cannot_be_is_a_usage_error_in_one_line(arguments: list, words: list[str], tag: Mmavk):
    ran = tag(*arguments)
    assert (ran.code, ran.out, len(ran.faults)) == (2, "", 1)
    assert all(word in ran.err for word in words)


def test_model_that_is_not_there(tag: Mmavk, tmp_path: Path):
    ran = tag("--text", "a", "--model", tmp_path)
    assert (ran.code, ran.out, len(ran.faults)) == (5, "", 1)


@pytest.mark.parametrize("form", ["jsonl", "table", "html"])
def test_reader_that_goes_away_is_no_fault(form: str, tmp_path: Path):
    path = tmp_path / "many.jsonl"
    path.write_text('{"text": "Off to Paris"}\n' * 2000)
    line = f"{sys.executable} -m mmavk_cli tag {path} --format {form} | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)


def test_open_pipe_is_answered_row_by_row_and_ctrl_c_keeps_what_is_done():
    with subprocess.Popen(
        [sys.executable, "-m", "mmavk_cli", "tag", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write('{"text": "Off to Paris"}\n')
        process.stdin.flush()
        first = process.stdout.readline()  # stdin is still open
        process.send_signal(signal.SIGINT)
        rest, err = process.communicate()
    assert names(json.loads(first)) == ["Paris LOC"]
    assert (process.returncode, rest, err) == (130, "", "mmavk: stopped\n")
