"""Killed at any moment, called again: no finished row is lost and no finished picture is made again."""

import hashlib
import io
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from generate_tools import noise
from loopback import Loopback
from PIL import Image
from web import serving

from mmavk_cli.base.digest import digest_file
from mmavk_cli.cli.main import main
from mmavk_cli.knowledge.generators.vlm.resize import shrunk
from mmavk_cli.knowledge.generators.vlm.server import QUALITY, ROUNDS
from mmavk_cli.store.rows import KnowledgeRow
from mmavk_cli.store.store import Store

PICTURES, KILLS, AT_ONCE = 400, 30, 2


def call(arguments: list[str]) -> None:
    """The real command line; runs in a process of its own."""
    sys.argv = ["mmavk", *arguments]
    main()


def started(context: "multiprocessing.context.ForkServerContext", arguments: list[str]) -> BaseProcess:
    process = context.Process(target=call, args=(arguments,))
    process.start()
    return process


def finished(store: Path) -> dict[str, str]:
    """Subject → text of every row, from a store that was checked."""
    with Store(store, read_only=True) as opened:
        assert opened.verify() == []
        return {row.subject: str(row.text) for row in opened.rows() if isinstance(row, KnowledgeRow)}


def sent_digest(path: Path) -> str:
    """What the server calls a picture: the digest of the JPEG it is sent."""
    with Image.open(path) as opened:
        image = shrunk(opened.convert("RGB"), 1024)
    data = io.BytesIO()
    image.save(data, "JPEG", quality=QUALITY)
    return hashlib.sha256(data.getvalue()).hexdigest()


def wait_for(server: Loopback, requests: int, alive: Callable[[], bool]) -> None:
    """Until so many requests came, or who sends them has ended."""
    while len(server.bodies) < requests and alive():
        time.sleep(0.005)


@pytest.fixture
def context() -> "multiprocessing.context.ForkServerContext":
    """Starts processes in milliseconds that have imported what the command needs."""
    chosen = multiprocessing.get_context("forkserver")
    chosen.set_forkserver_preload(["mmavk_cli.cli.generate", "mmavk_cli.cli.main", "PIL.Image", "diskcache"])
    return chosen


def options(folder: Path, store: Path, server: Loopback) -> list[str]:
    where = ["--images", str(folder), "--store", str(store), "--generator", "server", "--server-url", server.url]
    return ["generate", *where, "--vlm", "tiny", "--concurrency", str(AT_ONCE), "--quiet"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of 400 pictures."""
    made = tmp_path / "pictures"
    made.mkdir()
    for number in range(PICTURES):
        noise(56, 56, number).save(made / f"p{number}.bmp")
    return made


@pytest.mark.slow
def test_thirty_kills_cost_no_finished_row_and_no_finished_picture(
    tmp_path: Path, folder: Path, context: "multiprocessing.context.ForkServerContext"
):
    store = tmp_path / "store"
    named = {digest_file(path): sent_digest(path) for path in folder.iterdir()}
    dice = random.Random(20)
    done: dict[str, str] = {}
    at_work = 0
    with serving(Loopback(delay_s=0.01)) as server:
        arguments = options(folder, store, server)
        for number in range(KILLS):
            asked, before = Counter(server.asked), len(done)
            process = started(context, arguments)
            if number % 2:  # at some moment; and at one when pictures are being written about
                time.sleep(dice.uniform(0.02, 0.4))
            else:
                wait_for(server, len(server.bodies) + dice.randint(1, 20), process.is_alive)
                time.sleep(dice.uniform(0, 0.03))
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            time.sleep(0.05)  # what the server had in hand it finishes
            later = finished(store)
            assert done.items() <= later.items(), "a finished row was lost"
            again = server.asked - asked
            assert not {named[subject] for subject in done} & again.keys(), "a finished picture was made again"
            assert sum(again.values()) - (len(later) - len(done)) <= ROUNDS * AT_ONCE, "more than a batch was in hand"
            done = later
            at_work += len(later) > before
        last = started(context, arguments)
        last.join()
        assert last.exitcode == 0
        assert len(finished(store)) == PICTURES
        twice = sum(server.asked.values()) - PICTURES
        assert twice <= KILLS * ROUNDS * AT_ONCE
    assert at_work >= KILLS // 6, "nearly all kills came before there was any work to lose"


@pytest.mark.slow
def test_three_processes_fill_one_store_without_doing_a_picture_twice(
    tmp_path: Path, folder: Path, context: "multiprocessing.context.ForkServerContext"
):
    store = tmp_path / "store"
    with serving(Loopback(delay_s=0.002)) as server:
        processes = [started(context, options(folder, store, server)) for _ in range(3)]
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0, 0]
        assert sorted(server.asked.values()) == [1] * PICTURES
    assert len(finished(store)) == PICTURES


@pytest.mark.slow
def test_what_a_killed_process_had_in_hand_another_makes(
    tmp_path: Path, folder: Path, context: "multiprocessing.context.ForkServerContext"
):
    store = tmp_path / "store"
    with serving(Loopback(delay_s=0.02)) as server:
        first = started(context, options(folder, store, server))
        wait_for(server, 1, first.is_alive)
        second = started(context, options(folder, store, server))
        time.sleep(0.5)
        os.kill(first.pid or 0, signal.SIGKILL)
        first.join()
        server.delay_s = 0.0
        second.join()
        assert second.exitcode == 0
    assert len(finished(store)) == PICTURES


def interrupted(folder: Path, store: Path, server: Loopback, times: int) -> "subprocess.CompletedProcess[str]":
    """The command, with so many Ctrl-C after its first request."""
    line = [sys.executable, "-m", "mmavk_cli", *options(folder, store, server)[:-1]]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    wait_for(server, 1, lambda: process.poll() is None)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = ""
    if times > 1:
        while "finishing the current batch" not in said and (line_said := process.stderr.readline()):
            said += line_said
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(line, process.returncode, "", said + err)


def test_ctrl_c_finishes_the_batch_in_hand(tmp_path: Path, folder: Path):
    with serving(Loopback(delay_s=0.05)) as server:
        ended = interrupted(folder, tmp_path / "store", server, 1)
        assert ended.returncode == 130, ended.stderr
        assert "finishing the current batch" in ended.stderr
        rows = finished(tmp_path / "store")
        assert len(rows) == len(server.bodies) == ROUNDS * AT_ONCE
        assert f"{len(rows)} made" in ended.stderr


def test_a_second_ctrl_c_stops_at_once_and_keeps_what_is_finished(tmp_path: Path, folder: Path):
    with serving(Loopback(delay_s=2.0)) as server:
        ended = interrupted(folder, tmp_path / "store", server, 2)
        assert ended.returncode == 130, ended.stderr
        assert "Traceback" not in ended.stderr
        assert len(finished(tmp_path / "store")) < ROUNDS * AT_ONCE
