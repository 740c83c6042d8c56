"""`mmavk tag --generator server` uses the store and fills it: no picture is paid for twice."""

import json
from pathlib import Path

import pytest
from generate_tools import noise
from loopback import Loopback, said, status
from ran import Mmavk, Ran
from web import serving

from mmavk_cli.store.store import Store


@pytest.fixture
def chat():
    """A chat server that answers well unless it is told otherwise."""
    with serving(Loopback()) as started:
        yield started


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """Four posts: two with one picture under two names, one with another, one with none."""
    for name, seed in (("a.png", 1), ("same.png", 1), ("b.png", 2)):
        noise(84, 56, seed).save(tmp_path / name)
    rows = [{"id": name, "text": "Ann Lee visits Rome", "image": name} for name in ("a.png", "same.png", "b.png")]
    rows.append({"id": "none", "text": "Bob in Oslo"})
    (tmp_path / "posts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return tmp_path / "posts.jsonl"


@pytest.fixture
def tag(mmavk: Mmavk, chat: Loopback, posts: Path, tmp_path: Path):
    """The posts tagged with what the server says."""
    asked = ("--generator", "server", "--server-url", chat.url, "--vlm", "tiny", "--store", tmp_path / "store")
    return lambda *more: mmavk("tag", posts, *asked, "--format", "jsonl", "--retries", "0", *more)


def knowledge(done: Ran) -> list[str | None]:
    return [row["knowledge"] and row["knowledge"]["text"] for row in map(json.loads, done.out.splitlines())]


def test_each_picture_is_paid_for_once_in_all_runs(tag, chat: Loopback):
    first = tag()
    assert first.code == 0, first.err
    assert [row["id"] for row in map(json.loads, first.out.splitlines())] == ["a.png", "same.png", "b.png", "none"]
    one, same, other, none = knowledge(first)
    assert one == same != other
    assert (str(one).startswith("a picture of"), none) == (True, None)
    assert len(chat.bodies) == 2
    again = tag()
    assert (again.out, len(chat.bodies)) == (first.out, 2)


def test_what_generate_wrote_is_used(tag, mmavk: Mmavk, chat: Loopback, tmp_path: Path):
    asked = ("--generator", "server", "--server-url", chat.url, "--vlm", "tiny", "--store", tmp_path / "store")
    assert mmavk("generate", "--images", tmp_path, *asked).code == 0
    number = len(chat.bodies)
    chat.shutdown()
    chat.server_close()
    done = tag()
    assert (done.code, len(chat.bodies)) == (0, number), done.err
    assert knowledge(done)[0]


def test_a_picture_without_an_answer_is_told_and_not_asked_about_again(tag, chat: Loopback, tmp_path: Path):
    chat.faults = [said({"choices": [{"message": {"content": "", "reasoning": "Ajax"}, "finish_reason": "length"}]})]
    first = tag("--concurrency", "1")
    assert first.code == 3
    assert "reasoning did not end" in first.err
    again = tag("--concurrency", "1")
    assert (again.code, len(chat.bodies)) == (3, 2)
    assert "Ajax" not in first.out + again.out
    with Store(tmp_path / "store", read_only=True) as store:
        assert store.verify() == []


def test_a_server_that_refuses_ends_it_and_leaves_no_rows(tag, chat: Loopback):
    chat.always = status(401)
    assert tag().code == 5
    chat.always = None
    assert tag().code == 0
