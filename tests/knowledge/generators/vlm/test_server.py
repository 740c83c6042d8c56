"""The server engine against a real server on loopback that fails in every way."""

import json
import threading
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import loopback
import pytest
from generate_tools import noise
from loopback import Fault, Loopback
from ran import Mmavk, Ran
from web import serving

from mmavk_cli.base.errors import DataError, MissingError, UsageError
from mmavk_cli.knowledge.generators.generator import View
from mmavk_cli.knowledge.generators.vlm import chat_client, http_client
from mmavk_cli.knowledge.generators.vlm.api_key import KEY
from mmavk_cli.knowledge.generators.vlm.chat_client import ChatClient
from mmavk_cli.knowledge.generators.vlm.chat_generator import LETTERS
from mmavk_cli.knowledge.generators.vlm.http_client import seconds_of
from mmavk_cli.knowledge.generators.vlm.server import GIVE_UP, ServerGenerator, ServerSettings
from mmavk_cli.knowledge.generators.vlm.server_fault import ServerFault
from mmavk_cli.store.store import Store


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_client, "FIRST_PAUSE_S", 0.01)


def asking(server: Loopback, **settings: Any) -> ServerGenerator:
    return ServerGenerator(ServerSettings(server_url=server.url, vlm="tiny", **settings))


def generate(mmavk: Mmavk, pictures: Path, url: str, store: Path, *more: str) -> Ran:
    line = ("generate", "--images", pictures, "--generator", "server", "--server-url", url, "--store", store)
    return mmavk(*line, *(more or ("--vlm", "tiny")))


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
    "drips its head": loopback.drip_head,
    "is not HTTP": loopback.not_http,
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


@pytest.mark.parametrize("fault", [loopback.hang, loopback.drip, loopback.drip_head, loopback.go_on])
def test_a_whole_answer_has_its_time(fault: Fault, server: Loopback):
    server.faults = [fault]
    with pytest.raises(DataError, match=r"no answer in 0\.5 s"):
        asking(server, timeout_s=0.5, retries=0).generate(noise(56, 56, 1))


def test_a_request_that_connects_when_all_is_broken_off_is_not_waited_for(server: Loopback):
    server.faults = [loopback.hang]
    client = ChatClient(server.url, timeout_s=30, retries=0)
    client.stop()
    with pytest.raises(ServerFault, match="the connection failed"):
        client.ask({})


def test_a_servers_words_leave_the_terminal_alone(server: Loopback):
    server.faults = [loopback.not_http]
    with pytest.raises(DataError, match=r"SSH-2\.0 \[2J") as caught:
        asking(server, retries=0).generate(noise(56, 56, 1))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "answer", [b"<p>sorry</p>", b'{"error": "sorry"}', b'["sorry"]', b'{"choices": [], "n": "sorry"}']
)
def test_what_came_instead_of_a_text_is_told(answer: bytes, server: Loopback):
    server.faults = [loopback.raw(answer)]
    with pytest.raises(DataError, match=r"(the answer (is not JSON|has no text)|answers with an error).*: .*sorry"):
        asking(server, retries=0).generate(noise(56, 56, 1))


def test_an_endless_answer_is_not_read_to_its_end(server: Loopback, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_client, "MOST_BYTES", 100_000)
    server.text = "on and on " * 20_000
    with pytest.raises(DataError, match=r"server: an answer of more than 0\.1 MB"):
        asking(server).generate(noise(56, 56, 1))
    assert len(server.bodies) == 1


def test_retry_after_is_waited_for(server: Loopback):
    server.faults = [loopback.status(429, "0.4")]
    began = time.monotonic()
    asking(server).generate(noise(56, 56, 1))
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("3", 3), ("0.5", 0.5), ("-4", 0), ("soon", None), ("1 May 2020 1:1:99999999999999999999", None), (None, None)],
)
def test_retry_after_in_seconds(said: str | None, seconds: float | None):
    assert seconds_of(said) == seconds


def test_retry_after_as_a_date():
    assert seconds_of(formatdate(time.time() + 60, usegmt=True)) == pytest.approx(60, abs=3)


def test_what_is_wrong_with_one_picture_is_not_tried_again(server: Loopback):
    server.faults = [loopback.status(400)]
    found = dict(asking(server, concurrency=1).write(views(3)))
    assert sorted(written.text is None for written in found.values()) == [False, False, True]
    assert len(server.bodies) == 3


@pytest.mark.parametrize("code", [401, 404])
def test_a_server_that_refuses_ends_the_job(code: int, server: Loopback):
    server.faults = [loopback.status(code)] * 100
    found = []
    with pytest.raises(MissingError, match=f"refuses: HTTP {code}"):
        found.extend(asking(server, concurrency=1).write(views(20)))
    assert (found, len(server.bodies)) == ([], 1)


def test_another_address_is_told_and_not_followed(server: Loopback):
    server.faults = [loopback.status(307, Location="https://elsewhere/v1")]
    with pytest.raises(MissingError, match="refuses: HTTP 307 to https://elsewhere/v1"):
        list(asking(server).write(views(1)))


def test_a_picture_that_is_turned_down_does_not_end_the_job(server: Loopback):
    server.faults = [loopback.status(403)]
    found = dict(asking(server, concurrency=1).write(views(3)))
    assert sorted(written.text is None for written in found.values()) == [False, False, True]


def test_pictures_of_a_server_that_refuses_have_not_failed(
    mmavk: Mmavk, server: Loopback, pictures: Path, tmp_path: Path
):
    server.faults = [loopback.status(401)] * 100
    assert generate(mmavk, pictures, server.url, tmp_path / "s").code == 5
    server.faults = []
    done = generate(mmavk, pictures, server.url, tmp_path / "s")
    assert (done.code, "6 made" in done.err) == (0, True), done.err


def test_a_server_that_fails_everything_is_given_up(server: Loopback):
    server.faults = [loopback.status(500)] * 1000
    found = []
    with pytest.raises(MissingError, match=f"failed {GIVE_UP} pictures in a row"):
        found.extend(asking(server, retries=0, concurrency=1).write(views(30)))
    assert len(found) == len(server.bodies) == GIVE_UP


def test_a_server_that_is_not_there(mmavk: Mmavk, pictures: Path, tmp_path: Path):
    with serving(Loopback()) as gone:
        url = gone.url
    (pictures / "broken.jpg").write_bytes(b"no picture")
    done = generate(mmavk, pictures, url, tmp_path / "s")
    assert done.code == 5
    assert "no chat server answers" in done.err
    with Store(tmp_path / "s", read_only=True) as store:
        assert store.count() == 0


def test_a_run_that_writes_nothing_takes_the_name_from_no_texts(
    mmavk: Mmavk, server: Loopback, pictures: Path, tmp_path: Path
):
    assert generate(mmavk, pictures, server.url, tmp_path / "s").code == 0
    (pictures / "broken.jpg").write_bytes(b"no picture")
    server.faults = [loopback.status(500)] * 100
    more = ("--vlm", "tiny", "--max-new-tokens", "7", "--retries", "0")
    assert generate(mmavk, pictures, server.url, tmp_path / "s", *more).code == 3
    with Store(tmp_path / "s", read_only=True) as store:
        assert store.verify() == []
        assert store.resolve("server").decoding["max_new_tokens"] == 256


def test_a_server_is_not_needed_where_all_is_there(mmavk: Mmavk, pictures: Path, tmp_path: Path):
    with serving(Loopback()) as gone:
        assert generate(mmavk, pictures, gone.url, tmp_path / "s").code == 0
        url = gone.url
    done = generate(mmavk, pictures, url, tmp_path / "s")
    assert (done.code, "6 cached" in done.err) == (0, True), done.err


def test_a_model_that_is_not_listed_is_asked_for_all_the_same(server: Loopback):
    generator = ServerGenerator(ServerSettings(server_url=server.url, vlm="huge"))
    assert len(dict(generator.write(views(2)))) == 2
    assert generator.notes == ("the server does not list the model 'huge' (it lists tiny)",)


@pytest.mark.parametrize("listed", ["tiny", "tiny:latest", "*", "t*"])
def test_a_model_that_is_listed_or_under_a_wildcard_is_no_news(listed: str, server: Loopback):
    server.models = {"data": [{"id": listed}]}
    generator = asking(server)
    generator.generate(noise(56, 56, 1))
    assert generator.notes == ()


def test_a_model_that_the_server_has_not_is_told_with_what_it_lists(server: Loopback):
    server.faults = [loopback.error(404, "The model `huge` does not exist.")]
    with pytest.raises(MissingError, match=r"refuses: HTTP 404: .*does not exist") as caught:
        list(ServerGenerator(ServerSettings(server_url=server.url, vlm="huge")).write(views(1)))
    assert "--vlm" in caught.value.do
    assert "it lists tiny" in caught.value.do


@pytest.mark.parametrize(
    "models", [None, {"data": []}, {"models": "many"}, [{"id": "tiny"}], {"data": [{"id": "tiny:latest"}]}]
)
def test_ways_to_list_models(models: Any, server: Loopback):
    server.models = models
    assert len(dict(asking(server).write(views(2)))) == 2


NO_ADDRESS = (
    "", "ftp://here/v1", "http://", "http://here:port/v1", "http://[::1", "http://a b/v1",
)  # fmt: skip


@pytest.mark.parametrize("url", NO_ADDRESS)
def test_what_is_no_address(url: str):
    with pytest.raises(UsageError, match="--server-url"):
        ServerGenerator(ServerSettings(server_url=url))


@pytest.mark.parametrize("form", ["{}", "{}/", " {}//\n"])
def test_forms_of_an_address(form: str, server: Loopback):
    for url in (server.url, server.url.removeprefix("http://")):
        client = ChatClient(form.replace("{}", url), timeout_s=30, retries=0)
        assert client.models() == ["tiny"]


def test_the_address_is_needed():
    with pytest.raises(UsageError, match="--server-url"):
        ServerGenerator(ServerSettings())


def test_the_key_comes_from_the_environment(server: Loopback, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KEY, "open sesame")
    asking(server).generate(noise(56, 56, 1))
    assert server.headers[-1]["Authorization"] == "Bearer open sesame"


def test_the_end_of_the_line_is_no_part_of_a_key(server: Loopback, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KEY, " open sesame\r\n")
    asking(server).generate(noise(56, 56, 1))
    assert server.headers[-1]["Authorization"] == "Bearer open sesame"


@pytest.mark.parametrize("key", ["open\nsesame", "sésame"])
def test_a_key_that_cannot_be_sent_is_not_told(key: str, server: Loopback, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KEY, key)
    with pytest.raises(UsageError, match=KEY) as caught:
        asking(server)
    assert "same" not in str(caught.value)


def test_large_pictures_are_sent_small(server: Loopback):
    generator = asking(server, visual_tokens=64)
    view = generator.ready(noise(800, 600, 1))
    assert view.tokens <= 64
    assert "a picture of 252 by 168" in generator.generate(noise(800, 600, 1))


@pytest.mark.parametrize(
    ("text", "reason", "flags"),
    [
        ("Go! " * 40, "stop", ["repeating"]),
        ("A. B", "length", ["cut"]),
        (" ".join(map(str, range(9999))), "stop", ["cut"]),
    ],
)
def test_bad_answers_are_flagged(text: str, reason: str, flags: list[str], server: Loopback):
    server.text, server.reason = text, reason
    ((_, written),) = asking(server).write(views(1))
    assert written.details["flags"] == flags
    assert written.error is None
    assert len(str(written.text)) <= 256 * LETTERS


COUNTS = ("null", "[]", '"many"', *(f'{{"completion_tokens": {tokens}}}' for tokens in ("1e999", "-5", '"5"', "null")))


@pytest.mark.parametrize("usage", COUNTS)
def test_a_count_of_tokens_that_is_none_spoils_no_text(usage: str, server: Loopback):
    answer = f'{{"choices": [{{"message": {{"content": "Hello."}}}}], "usage": {usage}}}'
    server.faults = [loopback.raw(answer.encode())]
    ((_, written),) = asking(server, retries=0).write(views(1))
    assert (written.text, written.details["new_tokens"]) == ("Hello.", 0)


def test_the_request_is_that_of_the_chat_api(server: Loopback):
    asking(server, max_new_tokens=77).generate(noise(56, 56, 1))
    sent = json.loads(server.bodies[0])
    assert (sent["model"], sent["max_tokens"], sent["temperature"]) == ("tiny", 77, 0)
    assert sent["messages"][0]["role"] == "user"
