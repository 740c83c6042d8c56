"""`mmavk store` as a user types it: what it prints, where, and how it ends."""

import json
import os
import pty
import shlex
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from stored import similarity

from mmavk_cli.base.images import read_picture
from mmavk_cli.cli.main import main
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.store import Store

Ran = tuple[int, str, str]
Mmavk = Callable[[str], Ran]

CAPTIONS = "1.jpg :a dog on a sofa\n2.jpg :a sign that says halt\nno caption\n9.jpg :of no post\n2.jpg :again\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a data set of three posts, two knowledge files, and a home of its own."""
    folder = tmp_path / "data" / "tiny"
    folder.mkdir(parents=True)
    for split, image_id, word in (("train", "1", "Ann"), ("valid", "2", "Bob"), ("test", "3", "Cem")):
        (folder / f"{split}.txt").write_text(f"IMGID:{image_id}\n{word}\tB-PER\n\n")
    (tmp_path / "captions.txt").write_text(CAPTIONS)
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as made:
        made.writestr("train.txt", "Ann\tB-PER\r\n<EOS>\tX\r\nAnn\tX\r\n(person)\tX\r\n\r\nZoe\tB-PER\r\n<EOS>\tX\r\n")
        made.writestr("dev.txt", "Bob\tB-PER\n<EOS>\tX\nBob\tX\n")
    monkeypatch.setenv("MMAVK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MMAVK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mmavk(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mmavk:
    """The real entry point, in this process: exit code, stdout, stderr."""
    assert place.is_dir()

    def ran(line: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["mmavk", "store", *shlex.split(line)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return ran


IMPORT = "import --dataset tiny captions.txt"


def test_captions_are_imported_and_every_line_is_accounted_for(mmavk: Mmavk):
    code, out, err = mmavk(f"{IMPORT} --format json")
    done = json.loads(out)
    assert (code, done["format"], done["name"], done["keyed_by"]) == (0, "blip2", "blip2", "image id")
    assert done["counts"] == {
        "posts": 3,
        "bad_lines": 1,
        "texts_of_no_post": 1,
        "repeated_image_ids": 1,
        "rows_new": 2,
        "posts_without_text": 1,
    }
    assert "kept by image id, not by a picture's bytes" in err


def test_an_archive_is_imported_under_the_name_given(mmavk: Mmavk):
    code, out, err = mmavk("import --dataset tiny archive.zip --knowledge-name mine")
    lines = {line.strip() for line in out.splitlines()}
    assert code == 0
    assert {"2  matched", "1  archive tweets unmatched", "2  rows new", "1  posts without text"} <= lines
    assert out.startswith("pgim as 'mine' for tiny")
    assert "joined by their words" in err
    assert json.loads(mmavk("show 1 --format json")[1])["rows"][0]["text"] == "Ann (person)"


def test_importing_twice_changes_nothing_and_another_file_is_told(mmavk: Mmavk, place: Path):
    mmavk(IMPORT)
    before = mmavk("export")[1]
    assert "2  rows same" in mmavk(IMPORT)[1]
    assert mmavk("export")[1] == before
    (place / "captions.txt").write_text("1.jpg :another text\n")
    assert "1  rows replaced" in mmavk(IMPORT)[1]


def test_the_list_says_what_is_there_and_how_it_is_kept(mmavk: Mmavk, place: Path):
    mmavk(IMPORT)
    echo = Recipe(name="echo", generator="echo")
    with Store(place / "home" / "store") as store:
        store.put_knowledge("sha256:00", echo, "text")
        store.put_failure("sha256:01", echo, "broken")
        store.put(similarity("sha256:00", "text", "clip", 0.5))
    code, out, _ = mmavk("ls --format json")
    listing = json.loads(out)
    assert code == 0
    counts = {kept["name"]: (kept["by_picture"], kept["by_image_id"], kept["failed"]) for kept in listing["knowledge"]}
    assert counts == {"blip2": (0, 2, 0), "echo": (1, 0, 1)}
    assert (listing["similarities"], listing["faults"]) == ({"clip": 1}, 0)
    table = mmavk("ls")[1]
    assert all(word in table for word in ("blip2 *", "by image id", "clip"))
    assert str(place / "home" / "store") in table.replace("\n", "")  # a long path goes over two lines


def test_an_empty_store_is_listed_and_not_made(mmavk: Mmavk, place: Path):
    assert mmavk("ls") == (0, f"{place / 'home' / 'store'}: empty\n", "")
    assert mmavk("verify")[:2] == (0, "0 rows, all intact\n")
    assert not (place / "home").exists()


def test_a_picture_is_shown_by_its_bytes_whatever_its_name(mmavk: Mmavk, place: Path):
    Image.new("RGB", (4, 4)).save(place / "first.png")
    with Store(place / "home" / "store") as store:
        source = str(place / "first.png")
        store.put_knowledge(
            read_picture(place / "first.png").digest, Recipe(name="echo", generator="echo"), "hi", source
        )
    (place / "first.png").rename(place / "second.png")
    code, out, _ = mmavk("show second.png")
    assert code == 0
    assert "echo" in out
    assert "text      hi" in out


def test_a_name_shows_its_recipe(mmavk: Mmavk):
    mmavk(IMPORT)
    row = json.loads(mmavk("show blip2 --format json")[1])["rows"][0]
    assert (row["generator"], row["decoding"]["format"]) == ("import", "blip2")
    assert mmavk(f"show {row['id'][7:15]}")[0] == 0


def test_an_export_is_imported_again_as_it_was(mmavk: Mmavk, place: Path):
    mmavk(IMPORT)
    mmavk("import --dataset tiny archive.zip")
    code, out, err = mmavk("export --out all.jsonl")
    assert (code, out, err) == (0, "", "8 rows in all.jsonl\n")
    assert mmavk("import all.jsonl --store other")[0] == 0
    assert mmavk("export --store other")[1] == (place / "all.jsonl").read_text()
    assert mmavk("verify --store other")[0] == 0
    part = mmavk("export --knowledge pgim")[1].splitlines()
    assert {json.loads(line)["kind"] for line in part} == {"recipe", "name", "knowledge"}
    assert len(part) == 4


def test_a_bad_line_of_an_export_is_counted_and_the_others_go_on(mmavk: Mmavk, place: Path):
    mmavk(IMPORT)
    lines = mmavk("export")[1].replace("a dog", "a cat").splitlines()
    (place / "all.jsonl").write_text("\n".join([*lines, "not a row"]))
    code, out, _ = mmavk("import all.jsonl --store other")
    assert code == 0
    assert "2  bad lines" in out
    assert "3  rows new" in out


def test_removing_asks_and_tells(mmavk: Mmavk):
    mmavk(IMPORT)
    code, out, err = mmavk("rm --knowledge blip2")
    assert (code, out) == (2, "")
    assert "4 rows of blip2" in err
    assert "--yes" in err
    assert json.loads(mmavk("rm --knowledge blip2 --yes --json")[1]) == {"removed": 4}
    assert mmavk(IMPORT)[0] == 0
    assert mmavk("rm --knowledge blip2 --yes") == (0, "", "4 rows removed\n")
    assert mmavk("rm --knowledge blip2 --yes")[0] == 4


@pytest.mark.parametrize(("answer", "left", "told"), [("y", 0, "4 rows removed"), ("n", 4, "0 rows removed")])
def test_an_answer_on_a_terminal_is_heeded(mmavk: Mmavk, answer: str, left: int, told: str):
    mmavk(IMPORT)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    command = [sys.executable, "-m", "mmavk_cli", "store", "rm", "--knowledge", "blip2"]
    done = subprocess.run(command, check=False, stdin=theirs, capture_output=True, text=True)
    for end in (ours, theirs):
        os.close(end)
    assert (done.returncode, done.stdout) == (0, "")
    assert "Remove 4 rows of blip2" in done.stderr
    assert told in done.stderr
    assert len(mmavk("export")[1].splitlines()) == left


def test_a_scorer_is_removed_by_its_name(mmavk: Mmavk, place: Path):
    with Store(place / "home" / "store") as store:
        store.put(similarity("sha256:00", "text", "clip:ViT-B-32/openai", 0.5))
    assert mmavk("rm --knowledge clip:ViT-B-32/openai --yes") == (0, "", "1 rows removed\n")


def tamper(place: Path) -> None:
    connection = sqlite3.connect(place / "home" / "store" / "cache.db")
    with connection:
        connection.execute("UPDATE Cache SET value = replace(value, 'a dog', 'a cat')")
        connection.execute("UPDATE Cache SET mode = 4, value = X'80' WHERE value LIKE '%says halt%'")
    connection.close()


def test_a_store_that_was_tampered_with(mmavk: Mmavk, place: Path):
    mmavk(IMPORT)
    tamper(place)
    code, out, err = mmavk("verify")
    assert code == 3
    assert [line.partition("|")[2].partition("|")[0] for line in out.splitlines()] == ["id:tiny/1", "id:tiny/2"]
    assert "was changed" in out
    assert "pickled" in out
    assert "2 of 4 rows are damaged" in err
    assert len(json.loads(mmavk("verify --format json")[1])["faults"]) == 2
    assert mmavk("show 1")[0] == 3
    assert "2 rows are damaged" in mmavk("ls")[2]
    code, out, err = mmavk("export")
    assert (code, len(out.splitlines()), err.count("left out: ")) == (3, 2, 2)


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        ("import captions.txt", 2, "--dataset"),
        ("import --dataset tiny captions.txt --knowledge-name ocr", 2, "a generator's name"),
        ("import --dataset tiny captions.txt --knowledge-name 'a b'", 2, "invalid name 'a b'"),
        ("import --dataset tiny nowhere.txt", 3, "nowhere.txt: cannot read"),
        ("import --dataset nowhere captions.txt", 3, "no data set 'nowhere'"),
        ("import --dataset tiny data/tiny/test.txt", 3, "not a file of knowledge"),
        ("import --dataset empty captions.txt", 3, "no split of a data set"),
        ("import --dataset tiny strangers.txt", 3, "no text in it belongs to a post of tiny"),
        ("import --dataset tiny export.jsonl", 2, "--dataset"),
        ("import export.jsonl", 3, "no row of a store in it"),
        ("import --dataset tiny captions.txt --store captions.txt", 3, "cannot be made or written"),
        ("show nothing", 4, "nothing about 'nothing'"),
        ("export --knowledge nothing", 4, "no knowledge called 'nothing'"),
        ("export --out captions.txt/all.jsonl", 3, "cannot write"),
        ("rm --knowledge nothing --yes", 4, "no knowledge called 'nothing'"),
        ("ls --store broken", 3, "database is damaged"),
        ("verify --store broken", 3, "database is damaged"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(mmavk: Mmavk, place: Path, line: str, code: int, told: str):
    (place / "data" / "empty").mkdir()
    (place / "broken").mkdir()
    (place / "broken" / "cache.db").write_bytes(b"this is not a database" * 100)
    (place / "strangers.txt").write_text("77.jpg :a stranger\n")
    (place / "export.jsonl").write_text('{"text": "a post"}\n')
    found, out, err = mmavk(line)
    assert (found, out) == (code, "")
    assert told in err
    assert err.startswith("mmavk: ")
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_the_published_knowledge_end_to_end(shared_data: Path, tmp_path: Path):
    def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
        place = ["--store", tmp_path / "store"]
        command = [sys.executable, "-m", "mmavk_cli", "store", *arguments, *place]
        return subprocess.run([*map(str, command)], check=False, capture_output=True, text=True)

    for name, suffix in (("blip2", "txt"), ("pgim", "zip")):
        path = shared_data / "knowledge" / name / f"twitter2017.{suffix}"
        done = run("import", "--dataset", "twitter2017", "--data-dir", shared_data, path)
        assert done.returncode == 0, done.stderr
        assert "   4819  rows new\n" in done.stdout
        assert "      0  posts without text\n" in done.stdout
    assert run("verify").stdout == "9642 rows, all intact\n"
    shown = run("show", "16_05_01_367", "--format", "json")
    assert {row["name"] for row in json.loads(shown.stdout)["rows"]} == {"blip2", "pgim"}


@pytest.mark.slow
def test_a_reader_that_stops_early_is_no_fault(shared_data: Path, tmp_path: Path):
    path = shared_data / "knowledge" / "blip2" / "twitter2017.txt"
    mmavk = f"{shlex.quote(sys.executable)} -m mmavk_cli store"
    store = f"--store {shlex.quote(str(tmp_path / 'store'))}"
    fill = f"{mmavk} import --quiet --dataset twitter2017 --data-dir {shared_data} {path} {store}"
    line = f"set -eo pipefail; {fill} > /dev/null; {mmavk} export {store} | head -n 1"
    done = subprocess.run(["bash", "-c", line], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
