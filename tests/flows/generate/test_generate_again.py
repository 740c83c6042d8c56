"""`mmavk generate` called again, beside others, and when it cannot go on: nobody waits, nothing is taken for good."""

import json
import os
import sys
from pathlib import Path

import pytest
from generate_tools import noise
from loopback import Handler, Loopback
from PIL import Image
from ran import Mmavk
from web import serving

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.images import PictureLimits
from mmavk_cli.flows.generate import survey as generate_survey
from mmavk_cli.flows.generate.job import Generation, Job
from mmavk_cli.flows.generate.worker import write_all
from mmavk_cli.flows.shared.interrupts import Stop
from mmavk_cli.knowledge.generators.echo import EchoGenerator
from mmavk_cli.store.rows import KnowledgeRow
from mmavk_cli.store.store import Store


class Picky(Loopback):
    """Fails pictures that are wider than high, each by itself; answers about the others."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = PickyHandler
        self.refuses = True


class PickyHandler(Handler):
    server: Picky

    def say(self, text: str) -> None:
        width, height = text.partition(",")[0].split(" by ")
        wide = int(width.rpartition(" ")[2]) > int(height)
        if wide or self.server.refuses:
            self.reply(500, {"error": "said by the test"})
        else:
            super().say(text)


def attempts(store: Path) -> dict[str, int]:
    with Store(store, read_only=True) as opened:
        return {Path(row.source).name: row.attempts for row in opened.rows() if isinstance(row, KnowledgeRow)}


def test_pictures_that_always_fail_keep_no_other_from_being_tried_again(mmavk: Mmavk, tmp_path: Path):
    for number in range(12):
        noise(120, 90, number).save(tmp_path / f"wide{number:02}.png")
    for number in range(5):
        noise(56, 90, 100 + number).save(tmp_path / f"high{number}.png")
    with serving(Picky()) as server:
        options = ("--generator", "server", "--server-url", server.url, "--vlm", "tiny", "--store", tmp_path / "store")
        line = ("generate", "--images", tmp_path, *options, "--concurrency", "1", "--retry-failed", "--retries", "0")
        for _ in range(3):  # each gives the server up after eight in a row
            done = mmavk(*line)
            assert done.code == 5
            assert ": 17 pictures, 0 made, 0 cached, 8 failed" in done.err
        assert len(attempts(tmp_path / "store")) == 17
        server.refuses = False
        for _ in range(3):
            mmavk(*line)
    with Store(tmp_path / "store", read_only=True) as store:
        made = {Path(row.source).name for row in store.rows() if isinstance(row, KnowledgeRow) and row.text}
    assert made == {f"high{number}.png" for number in range(5)}


def test_placeholders_are_written_about_when_none_is_one_any_more(mmavk: Mmavk, pictures: Path, tmp_path: Path):
    for number in range(3):
        noise(8, 6, 99).resize((400, 300), Image.Resampling.BICUBIC).save(pictures / f"same{number}.jpg")
    line = ("generate", "--generator", "echo", "--images", pictures, "--store", tmp_path / "store", "--json")

    def totals(*more: str) -> dict[str, int]:
        found: dict[str, int] = json.loads(mmavk(*line, *more).out)["totals"]
        return {name: found[name] for name in ("made", "cached", "placeholders")}

    assert totals("--placeholder", "3") == {"made": 6, "cached": 0, "placeholders": 1}
    assert totals("--placeholder", "0") == {"made": 0, "cached": 7, "placeholders": 0}
    assert totals("--retry-failed") == {"made": 0, "cached": 7, "placeholders": 0}
    assert totals("--placeholder", "0", "--retry-failed") == {"made": 1, "cached": 6, "placeholders": 0}
    assert totals("--placeholder", "0", "--retry-failed") == {"made": 0, "cached": 7, "placeholders": 0}


# ---------------------------------------------------------------- what cannot begin, what cannot go on


def test_pictures_are_asked_for_before_weights(mmavk: Mmavk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    done = mmavk("generate", "--images", tmp_path / "nowhere")
    assert (done.code, "hf download" in done.err) == (3, False)
    assert "nowhere" in done.err


def test_a_server_that_is_not_there_takes_no_name_and_no_time(
    mmavk: Mmavk, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    line = ("generate", "--images", pictures, "--generator", "server", "--vlm", "tiny", "--store", tmp_path / "store")
    with serving(Loopback()) as server:
        url = server.url
        assert mmavk(*line, "--server-url", url, "--placeholder", "1").code == 0  # all are placeholders
        noise(90, 90, 50).save(pictures / "new.png")
    with Store(tmp_path / "store", read_only=True) as store:
        names = store.names()
    monkeypatch.setattr(generate_survey, "decode", lambda *_: pytest.fail("nothing is decoded"))
    assert mmavk(*line, "--server-url", url, "--visual-tokens", "64", "--placeholder", "1").code == 5
    with Store(tmp_path / "store", read_only=True) as store:
        assert (store.names(), len(store.recipes())) == (names, 1)


def test_a_second_run_that_makes_nothing_lets_the_name_stand_for_its_recipe(
    mmavk: Mmavk, server: Loopback, pictures: Path, tmp_path: Path
):
    line = ("generate", "--images", pictures, "--generator", "server", "--server-url", server.url, "--vlm", "tiny")
    ids = []
    for more in ((), ("--visual-tokens", "64"), ()):
        assert mmavk(*line, "--store", tmp_path / "store", *more).code == 0
        with Store(tmp_path / "store", read_only=True) as store:
            ids.append(store.names()["server"])
    assert ids[0] == ids[2] != ids[1]
    assert len(server.bodies) == 12


class Gone(EchoGenerator):
    """Its server goes away at once."""

    aborted = False

    def generate(self, image: Image.Image) -> str:
        raise MissingError("the server is gone", str(image.size))

    def abort(self) -> None:
        self.aborted = True


def test_what_is_under_way_is_broken_off_by_any_fault(pictures: Path, tmp_path: Path):
    generator = Gone()
    job = Job(generator, PictureLimits(), (0, 1), 0, retry_failed=False)
    with Store(tmp_path / "store") as store, pytest.raises(MissingError):
        write_all(job, tuple(pictures.iterdir()), store, Generation("any"), lambda *_: None, Stop())
    assert generator.aborted


class Removing(EchoGenerator):
    """While it writes, somebody removes its recipe from the store."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._made = folder, 0

    def generate(self, image: Image.Image) -> str:
        self._made += 1
        if self._made == 3:
            with Store(self._folder) as other:
                other.remove(self.recipe.id)
        return super().generate(image)


def test_knowledge_that_is_removed_while_it_is_made_leaves_a_sane_store(pictures: Path, tmp_path: Path):
    generator = Removing(tmp_path / "store")
    job = Job(generator, PictureLimits(), (0, 1), 0, retry_failed=False)
    with Store(tmp_path / "store") as store:
        write_all(job, tuple(pictures.iterdir()), store, Generation("any"), lambda *_: None, Stop())
        assert store.verify() == []
        assert store.resolve("echo") == Removing.recipe
        assert sum(isinstance(row, KnowledgeRow) for row in store.rows()) == 4


# ---------------------------------------------------------------- names of files


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux alone")
def test_names_that_are_no_text_or_act_on_a_terminal(mmavk: Mmavk, tmp_path: Path):
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in (b"bytes\xff.jpg", b"\x1b[31mred\n.jpg"):
        (Path(os.fsdecode(os.fsencode(folder) + b"/" + name))).write_bytes(b"no picture " + name)
    line = ("generate", "--generator", "echo", "--images", folder, "--store", tmp_path / "store", "--retry-failed")
    done = mmavk(*line, "--json", "--out", tmp_path / "run")
    assert done.code == 3
    kept = json.loads((tmp_path / "run" / "failures.json").read_text("utf-8"))["failures"]
    assert json.loads(done.out)["failures"] == kept
    assert {os.fsencode(one["where"].rpartition("/")[2]) for one in kept} == {b"bytes\xff.jpg", b"\x1b[31mred\n.jpg"}
    assert "\x1b" not in done.err
    assert len(done.err.splitlines()) == 3
