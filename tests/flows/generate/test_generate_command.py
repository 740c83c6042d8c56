"""`mmavk generate` as a user calls it: nothing is paid twice, nothing is lost, bad input is normal input."""

import json
import os
import shutil
import sqlite3
import struct
import time
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from generate_tools import noise
from loopback import Loopback, status
from PIL import Image
from ran import Mmavk

from mmavk_cli.corpus.public_datasets import PICTURES
from mmavk_cli.flows.generate import survey as generate_survey
from mmavk_cli.flows.generate.generate import GenerateSettings
from mmavk_cli.flows.generate.job import Generation
from mmavk_cli.knowledge.generators.echo import EchoGenerator
from mmavk_cli.store.rows import KnowledgeRow
from mmavk_cli.store.store import Store


def texts(store: Path) -> dict[str, KnowledgeRow]:
    """Name of the file a row was made from → the row."""
    with Store(store, read_only=True) as opened:
        assert opened.verify() == []
        return {Path(row.source).name: row for row in opened.rows() if isinstance(row, KnowledgeRow)}


@pytest.fixture
def echo(mmavk: Mmavk, tmp_path: Path) -> Mmavk:
    """`mmavk generate … --generator echo` into tmp_path/store."""
    return lambda *more: mmavk("generate", "--generator", "echo", "--store", tmp_path / "store", *more)


def counts(err: str) -> dict[str, int]:
    """The totals of the last line."""
    parts = [part.strip().partition(" ") for part in err.strip().splitlines()[-1].partition(": ")[2].split(", ")]
    return {name: int(number.replace(",", "")) for number, _, name in parts}


def test_a_folder_gets_its_knowledge_and_the_second_run_makes_nothing(echo: Mmavk, pictures: Path, tmp_path: Path):
    first = echo("--images", pictures)
    assert (first.code, first.out) == (0, "")
    assert counts(first.err) == {"pictures": 6, "made": 6, "cached": 0, "failed": 0}
    rows = texts(tmp_path / "store")
    with Image.open(pictures / "p0.png") as image:
        assert rows["p0.png"].text == EchoGenerator().generate(image)
    assert counts(echo("--images", pictures).err) == {"pictures": 6, "made": 0, "cached": 6, "failed": 0}
    assert texts(tmp_path / "store") == rows


def test_equal_pictures_under_other_names_are_paid_once(mmavk: Mmavk, server: Loopback, pictures: Path, tmp_path: Path):
    for name in ("again.png", "third.png"):
        shutil.copy(pictures / "p1.png", pictures / name)
    options = ("--generator", "server", "--server-url", server.url, "--vlm", "tiny", "--store", tmp_path / "store")
    done = mmavk("generate", "--images", pictures, *options)
    assert counts(done.err)["pictures"] == len(server.bodies) == 6
    shutil.move(pictures, tmp_path / "elsewhere")
    assert counts(mmavk("generate", "--images", tmp_path / "elsewhere", *options).err)["cached"] == 6
    assert len(server.bodies) == 6


def png(width: int, height: int) -> bytes:
    """A PNG whose header promises any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


BAD = {
    "zero.png": (b"", "empty (0 bytes)"),
    "words.jpg": (b"this is no picture", "not a picture"),
    "huge.png": (png(60000, 60000), "megapixels"),
    "cut.png": (None, "truncated"),
}


def test_bad_pictures_are_failed_rows_and_the_others_go_on(echo: Mmavk, pictures: Path, tmp_path: Path):
    whole = (pictures / "p0.png").read_bytes()
    for name, (content, _) in BAD.items():
        (pictures / name).write_bytes(whole[: len(whole) // 2] if content is None else content)
    (pictures / "notes.txt").write_text("not taken")
    done = echo("--images", pictures, "--out", tmp_path / "run")
    assert done.code == 3
    rows = texts(tmp_path / "store")
    for name, (_, what) in BAD.items():
        assert rows[name].text is None
        assert what in str(rows[name].error)
        assert name in done.err
    assert "1 other files" in done.err
    assert counts(done.err) == {"pictures": 10, "made": 6, "cached": 0, "failed": 4}
    listed = json.loads((tmp_path / "run" / "failures.json").read_text("utf-8"))["failures"]
    assert {Path(one["where"]).name for one in listed} == BAD.keys()
    later = echo("--images", pictures)
    assert (later.code, counts(later.err)["failed before"]) == (3, 4)
    assert all(name in later.err for name in BAD)
    assert "4 pictures failed before; --retry-failed retries them" in later.err
    told = json.loads(echo("--images", pictures, "--json").out)
    assert (told["failures"], len(told["failed_before"])) == ([], 4)
    assert echo("--images", pictures, "--retry-failed").code == 3
    assert texts(tmp_path / "store")["zero.png"].attempts == 2


def test_a_picture_that_was_mended_is_another_picture(echo: Mmavk, pictures: Path):
    (pictures / "p0.png").write_bytes(b"broken")
    assert echo("--images", pictures).code == 3
    noise(100, 100, 7).save(pictures / "p0.png")
    done = echo("--images", pictures)
    assert (done.code, counts(done.err)["made"]) == (0, 1)


def test_parts_are_the_whole_and_share_nothing(echo: Mmavk, pictures: Path, tmp_path: Path):
    made = []
    for part in (1, 2, 3):
        done = echo("--images", pictures, "--shard", f"{part}/3")
        made.append(counts(done.err)["made"])
        assert counts(done.err)["cached"] == 0
    assert sum(made) == 6
    assert len(texts(tmp_path / "store")) == 6


def test_limit_takes_the_first_files(echo: Mmavk, pictures: Path, tmp_path: Path):
    echo("--images", pictures, "--limit", "2")
    assert texts(tmp_path / "store").keys() == {"p0.png", "p1.png"}


def test_placeholders_get_empty_knowledge(mmavk: Mmavk, server: Loopback, pictures: Path, tmp_path: Path):
    sorry = noise(8, 6, 99).resize((400, 300), Image.Resampling.BICUBIC)
    for number in range(4):
        sorry.save(pictures / f"bytes{number}.png")
        sorry.resize((200 + number, 150)).save(pictures / f"look{number}.jpg", quality=60 + number)
    options = ("--generator", "server", "--server-url", server.url, "--vlm", "tiny", "--store", tmp_path / "store")
    done = mmavk("generate", "--images", pictures, *options, "--placeholder", "8")
    assert counts(done.err)["placeholders"] == 5
    assert len(server.bodies) == 6
    rows = texts(tmp_path / "store")
    assert (rows["bytes0.png"].text, rows["look1.jpg"].text) == ("", "")
    assert rows["look1.jpg"].details["placeholder"] == "the same look in 8 files"
    assert counts(mmavk("generate", "--images", pictures, *options, "--placeholder", "8").err)["placeholders"] == 5
    assert len(server.bodies) == 6


# ---------------------------------------------------------------- data sets and posts


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a data set `twitter2017` of three posts, two of which have their picture."""
    folder = tmp_path / "data" / "twitter2017"
    folder.mkdir(parents=True)
    for number, split in enumerate(("train", "valid", "test")):
        (folder / f"{split}.txt").write_text(f"IMGID:pic{number}\nHello\tO\n\n", "utf-8")
    (tmp_path / "data" / "twitter2017_images").mkdir()
    for number in (0, 2):
        noise(50, 50, number).save(tmp_path / "data" / "twitter2017_images" / f"pic{number}.jpg")
    return tmp_path / "data"


def test_a_data_set_says_which_pictures_are_missing_and_where_to_get_them(echo: Mmavk, data: Path):
    done = echo("--dataset", "twitter2017", "--data-dir", data)
    assert done.code == 0
    assert counts(done.err) == {"pictures": 2, "made": 2, "cached": 0, "failed": 0, "missing": 1}
    assert "1 of 3 posts have no picture" in done.err
    assert PICTURES in done.err


@pytest.mark.parametrize("emptied", ["folder", "files"])
def test_a_data_set_without_pictures(emptied: str, echo: Mmavk, data: Path):
    shutil.rmtree(data / "twitter2017_images")
    if emptied == "files":
        (data / "twitter2017_images").mkdir()
    done = echo("--dataset", "twitter2017", "--data-dir", data)
    assert done.code == 3
    assert PICTURES in done.err


def test_made_knowledge_is_what_the_other_commands_find(echo: Mmavk, mmavk: Mmavk, data: Path, tmp_path: Path):
    echo("--dataset", "twitter2017", "--data-dir", data)
    picture = data / "twitter2017_images" / "pic2.jpg"
    shown = mmavk("store", "show", picture, "--store", tmp_path / "store")
    assert str(picture) in shown.out
    assert "a picture of 50 by 50" in shown.out
    assert "recipe" in shown.out


@pytest.mark.usefixtures("pictures")
def test_posts_with_pictures(echo: Mmavk, tmp_path: Path):
    rows: list[Any] = [{"text": "a", "image": f"pictures/p{n}.png"} for n in (0, 1, 1)]
    rows += [{"text": "none"}, {"text": "b", "image": "pictures/gone.png"}, {"text": ""}]
    (tmp_path / "posts.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    done = echo("--input", tmp_path / "posts.jsonl")
    assert done.code == 3
    assert counts(done.err) == {"pictures": 2, "made": 2, "cached": 0, "failed": 2}
    assert "gone.png: no such picture" in done.err
    assert "posts.jsonl:6" in done.err


# ---------------------------------------------------------------- the run folder


def test_the_run_folder_tells_what_was_done(echo: Mmavk, pictures: Path, tmp_path: Path):
    assert echo("--images", pictures, "--out", tmp_path / "run", "--quiet").err == ""
    facts = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert facts["command"] == "generate"
    assert facts["totals"]["made"] == 6
    assert facts["recipe"]["id"] == EchoGenerator().recipe.id
    lines = (tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[-1])["made"] == 6


# ---------------------------------------------------------------- the store


def test_a_store_that_cannot_be_written(mmavk: Mmavk, pictures: Path, tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = mmavk("generate", "--images", pictures, "--generator", "echo", "--store", tmp_path / "file" / "store")
    assert done.code == 3
    assert "--store" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_store(echo: Mmavk, pictures: Path, tmp_path: Path):
    echo("--images", pictures, "--limit", "1")
    (tmp_path / "store").chmod(0o500)
    done = echo("--images", pictures)
    (tmp_path / "store").chmod(0o700)
    assert done.code == 3


def test_a_store_in_use(echo: Mmavk, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    echo("--images", pictures, "--limit", "1")
    monkeypatch.setattr(Store.__init__, "__defaults__", (False, 0.1))
    hurried = SimpleNamespace(time=lambda: 600 * time.time(), sleep=time.sleep)  # diskcache waits for a minute
    monkeypatch.setattr("diskcache.core.time", hurried)
    holder = sqlite3.connect(tmp_path / "store" / "cache.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    done = echo("--images", pictures)
    holder.execute("ROLLBACK")
    holder.close()
    assert done.code == 3
    assert "in use" in done.err


def test_a_disk_that_fills_up_loses_nothing_that_was_made(
    echo: Mmavk, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    echo("--images", pictures, "--limit", "1")
    before = texts(tmp_path / "store")
    real = sqlite3.connect

    def full(*given: Any, **more: Any) -> sqlite3.Connection:
        connection = real(*given, **more)
        if str(given[0]).endswith("cache.db"):
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own: the file cannot grow any more
        return connection

    for number in range(300):
        noise(30, 30, 1000 + number).save(pictures / f"more{number}.png")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", full)
        done = echo("--images", pictures)
    assert done.code == 3
    assert "Make room" in done.err
    rows = texts(tmp_path / "store")
    assert before.items() <= rows.items()
    assert len(rows) < 306
    assert counts(echo("--images", pictures).err)["made"] == 306 - len(rows)


# ---------------------------------------------------------------- failures, usage


def test_a_failed_picture_is_tried_again_when_asked(mmavk: Mmavk, server: Loopback, pictures: Path, tmp_path: Path):
    server.faults = [status(400)] * 2
    options = ("--generator", "server", "--server-url", server.url, "--vlm", "tiny", "--store", tmp_path / "store")
    first = mmavk("generate", "--images", pictures, *options)
    assert (first.code, counts(first.err)["failed"]) == (3, 2)
    assert mmavk("generate", "--images", pictures, *options).code == 3
    assert len(server.bodies) == 6
    again = mmavk("generate", "--images", pictures, *options, "--retry-failed")
    assert (again.code, counts(again.err)["made"], len(server.bodies)) == (0, 2, 8)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "give --dataset, --images or --input"),
        (("--images", "x", "--shard", "4/3"), "--shard"),
        (("--images", "x", "--shard", "0/3"), "--shard"),
        (("--images", "x", "--pictures-per-batch", "some"), "--pictures-per-batch"),
        (("--dataset", "a", "--input", "b"), "--input"),
        (("--input", "b", "--images", "x"), "--images"),
        (("--images", "x", "--generator", "qwen"), "Did you mean 'qwen2vl'?"),
        (("--images", "x", "--generator", "server"), "--server-url"),
        (("--images", "x", "--prompt", "nosuch"), "--prompt"),
    ],
)
def test_a_wrong_command_line(options: tuple[str, ...], says: str, mmavk: Mmavk):
    done = mmavk("generate", *options)
    assert done.code == 2
    assert says in done.err


def test_a_folder_that_is_not_there(echo: Mmavk, tmp_path: Path):
    assert echo("--images", tmp_path / "nowhere").code == 3
    assert echo("--input", tmp_path / "nowhere.jsonl").code == 3
    (tmp_path / "empty").mkdir()
    assert "no pictures in this folder" in echo("--images", tmp_path / "empty").err


@pytest.mark.parametrize("vlm", ["Qwen/Qwen2-VL-7B-Instruct", "somebody/fine-tuned"])
def test_absent_weights_come_with_the_command_that_fetches_them(
    vlm: str, mmavk: Mmavk, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    done = mmavk("generate", "--images", pictures, "--vlm", vlm, "--revision", "abc", "--store", tmp_path / "store")
    assert done.code == 5
    assert f"hf download {vlm} --revision abc" in done.err
    assert ("16.6 GB" in done.err) == vlm.startswith("Qwen")


def test_a_picture_is_decoded_for_its_look_once_in_its_life(
    echo: Mmavk, pictures: Path, monkeypatch: pytest.MonkeyPatch
):
    echo("--images", pictures)
    seen: list[Path] = []
    monkeypatch.setattr(generate_survey, "decode", lambda picture, _: seen.append(picture.path))
    echo("--images", pictures)
    assert seen == []


def test_memory_that_ran_out_is_told_by_the_exit_code():
    generation = Generation("any")
    generation.fail("a.jpg", "not a picture")
    assert generation.code == 3
    generation.fail("b.jpg", "out of memory with one picture of 64 visual tokens")
    assert generation.code == 6


def test_the_default_is_the_paper_s_model():
    settings = GenerateSettings(dataset="twitter2017")
    assert (settings.generator, settings.vlm, settings.prompt) == ("qwen2vl", "Qwen/Qwen2-VL-7B-Instruct", "entity")
