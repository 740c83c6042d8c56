"""The server engine against a real server on loopback that fails in every way."""

import json
import threading
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import loopback
import pytest
from generate_tools import Mmavk, noise
from loopback import Fault, Loopback
from web import serving

from mmavk_cli.base.errors import DataError, MissingError, UsageError
from mmavk_cli.knowledge import chat_client
from mmavk_cli.knowledge.chat_client import seconds_of
from mmavk_cli.knowledge.generator import View
from mmavk_cli.knowledge.server import GIVE_UP, ServerGenerator, ServerSettings


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_client, "FIRST_PAUSE_S", 0.01)


def asking(server: Loopback, **settings: Any) -> ServerGenerator:
    return ServerGenerator(ServerSettings(url=server.url, vlm="tiny", **settings))


def views(number: int) -> list[View]:
    return [View(noise(56, 28 * (2 + seed), seed)) for seed in range(number)]


def test_every_picture_gets_its_own_answer(server: Loopback):
    found = dict(asking(server, concurrency=4).write(views(12)))
    assert [str(found[place].text).split(",")[0] for place in range(12)] == [
        f"a picture of 56 by {28 * (2 + seed)}" for seed in range(12)
    ]
    assert all(written.details["new_tokens"] == 7 for written in found.values())


def test_requests_are_bounded(server: Loopback):
    server.together = threading.Barrier(3, timeout=60)
    assert all(written.text for _, written in asking(server, concurrency=3).write(views(12)))
    assert server.at_once == 3


FAULTS: dict[str, Fault] = {
    "429": loopback.status(429),
    "429 with Retry-After": loopback.status(429, "0.05"),
    "500": loopback.status(500),
    "503 with a date": loopback.status(503, formatdate(0, usegmt=True)),
    "invalid JSON": loopback.not_json,
    "JSON of another kind": loopback.other_json,
    "closed half-way": loopback.half_closed,
    "reset": loopback.reset,
    "hangs": loopback.hang,
    "drips": loopback.drip,
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_passes_is_tried_again(name: str, server: Loopback):
    server.faults = [FAULTS[name], FAULTS[name]]
    assert asking(server, timeout_s=1, retries=2).generate(noise(56, 56, 1)).startswith("a picture of 56 by 56")
    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1


@pytest.mark.parametrize("name", FAULTS)
def test_what_does_not_pass_is_a_failed_picture_with_its_reason(name: str, server: Loopback):
    server.faults = [FAULTS[name]] * 2
    with pytest.raises(DataError, match=r"no knowledge about the picture: server: .*2 tries"):
        asking(server, timeout_s=1, retries=1).generate(noise(56, 56, 1))


def test_retry_after_is_waited_for(server: Loopback):
    server.faults = [loopback.status(429, "0.4")]
    began = time.monotonic()
    asking(server).generate(noise(56, 56, 1))
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize(("said", "seconds"), [("3", 3), ("0.5", 0.5), ("-4", 0), ("soon", None), (None, None)])
def test_retry_after_in_seconds(said: str | None, seconds: float | None):
    assert seconds_of(said) == seconds


def test_retry_after_as_a_date():
    assert seconds_of(formatdate(time.time() + 60, usegmt=True)) == pytest.approx(60, abs=3)


def test_what_is_wrong_with_one_picture_is_not_tried_again(server: Loopback):
    server.faults = [loopback.status(400)]
    found = dict(asking(server, concurrency=1).write(views(3)))
    assert sorted(written.text is None for written in found.values()) == [False, False, True]
    assert len(server.bodies) == 3


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_server_that_refuses_ends_the_job(code: int, server: Loopback):
    server.faults = [loopback.status(code)] * 100
    with pytest.raises(MissingError, match=f"refuses: HTTP {code}"):
        list(asking(server, concurrency=1).write(views(20)))
    assert len(server.bodies) == 1


def test_a_server_that_fails_everything_is_given_up(server: Loopback):
    server.faults = [loopback.status(500)] * 1000
    found = []
    with pytest.raises(MissingError, match=f"failed {GIVE_UP} pictures in a row"):
        found.extend(asking(server, retries=0, concurrency=1).write(views(30)))
    assert len(found) == len(server.bodies) == GIVE_UP


def test_a_server_that_is_not_there(mmavk: Mmavk, pictures: Path, tmp_path: Path):
    with serving(Loopback()) as gone:
        url = gone.url
    done = mmavk("generate", "--images", pictures, "--generator", "server", "--url", url, "--store", tmp_path / "s")
    assert done.code == 5
    assert "no server answers" in done.err


def test_a_model_the_server_has_not(server: Loopback):
    with pytest.raises(MissingError, match="It has: tiny"):
        list(ServerGenerator(ServerSettings(url=server.url, vlm="huge")).write(views(1)))


def test_a_server_that_does_not_list_its_models(server: Loopback):
    server.lists_models = False
    assert len(dict(asking(server).write(views(2)))) == 2


@pytest.mark.parametrize("url", ["", "ftp://here/v1", "http://", "http://here:port/v1", "http://me:key@here/v1"])
def test_what_is_no_address(url: str):
    with pytest.raises(UsageError, match="--url"):
        ServerGenerator(ServerSettings(url=url))


def test_the_address_is_needed():
    with pytest.raises(UsageError, match="--url"):
        ServerGenerator(ServerSettings())


def test_the_key_comes_from_the_environment(server: Loopback, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(chat_client.KEY, "open sesame")
    asking(server).generate(noise(56, 56, 1))
    assert server.headers[-1]["Authorization"] == "Bearer open sesame"


def test_large_pictures_are_sent_small(server: Loopback):
    generator = asking(server, visual_tokens=64)
    view = generator.ready(noise(800, 600, 1))
    assert view.tokens <= 64
    assert "a picture of 252 by 168" in generator.generate(noise(800, 600, 1))


@pytest.mark.parametrize(
    ("text", "reason", "flags"),
    [("", "stop", ["empty"]), ("Go! " * 40, "stop", ["repeating"]), ("A. B", "length", ["cut"])],
)
def test_bad_answers_are_flagged(text: str, reason: str, flags: list[str], server: Loopback):
    server.text, server.reason = text, reason
    ((_, written),) = asking(server).write(views(1))
    assert written.details["flags"] == flags
    assert written.error is None


def test_the_request_is_that_of_the_chat_api(server: Loopback):
    asking(server, max_new_tokens=77).generate(noise(56, 56, 1))
    sent = json.loads(server.bodies[0])
    assert (sent["model"], sent["max_tokens"], sent["temperature"]) == ("tiny", 77, 0)
    assert sent["messages"][0]["role"] == "user"
