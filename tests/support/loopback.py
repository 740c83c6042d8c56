"""A chat server on loopback that answers about pictures, and that can fail in every way a server fails."""

import base64
import hashlib
import io
import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from PIL import Image
from web import Replying, Server, serving

Fault = Callable[["Handler"], None]


class Loopback(Server):
    """Says how large a picture is. `faults` are used up one a request, then it answers well.

    Attributes:
        always: how it answers once `faults` are used up, where that is not well.
        listing: how it answers when it is asked for its models; None: with `models`.
        asked: how many requests there were about each picture, by the digest of what was sent.
        bodies: every request as it came; `headers`, `paths`: the same.
        at_once: the most requests that were under way together.
        together: answers wait here for each other; those of a client that sends fewer at once never come.
    """

    request_queue_size = 64

    def __init__(self, faults: list[Fault] | None = None, model: str = "tiny", delay_s: float = 0.0) -> None:
        super().__init__(Handler)
        self.faults, self.model, self.delay_s = list(faults or []), model, delay_s
        self.asked: Counter[str] = Counter()
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.always: Fault | None = None
        self.listing: Fault | None = None
        self.at_once = self.now = 0
        self.together: threading.Barrier | None = None
        self.lock = threading.Lock()
        self.text: str | None = None
        self.reason = "stop"
        self.models: Any = {"data": [{"id": model}]}

    @property
    def url(self) -> str:
        return f"{super().url}/v1"


class Handler(Replying, BaseHTTPRequestHandler):
    server: Loopback

    def do_GET(self) -> None:
        if self.server.listing is not None:
            self.server.listing(self)
        elif self.path.endswith("/models") and self.server.models is not None:
            self.reply(200, self.server.models)
        else:
            self.reply(404, {"error": "no such page"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.bodies.append(body)
            self.server.headers.append(dict(self.headers))
            self.server.paths.append(self.path)
            fault = self.server.faults.pop(0) if self.server.faults else self.server.always
        fault(self) if fault else self.answer(json.loads(body))

    def answer(self, request: dict[str, Any]) -> None:
        url = request["messages"][0]["content"][0]["image_url"]["url"]
        sent = base64.b64decode(url.partition(",")[2])
        with Image.open(io.BytesIO(sent)) as image:
            said = f"a picture of {image.width} by {image.height}, {hashlib.sha256(sent).hexdigest()[:8]}"
        with self.server.lock:
            self.server.asked[hashlib.sha256(sent).hexdigest()] += 1
            self.server.now += 1
            self.server.at_once = max(self.server.at_once, self.server.now)
        if self.server.together is not None:
            self.server.together.wait()
        time.sleep(self.server.delay_s)
        with self.server.lock:  # before the answer, after which the client may send the next request
            self.server.now -= 1
        self.say(said if self.server.text is None else self.server.text)

    def say(self, text: str) -> None:
        choice = {"message": {"content": text}, "finish_reason": self.server.reason}
        self.reply(200, {"choices": [choice], "usage": {"completion_tokens": len(text.split())}})


def status(code: int, after: str | None = None, **headers: str) -> Fault:
    headers |= {"Retry_After": after} if after else {}
    return lambda handler: handler.reply(code, {"error": "said by the test"}, **headers)


def error(status: int, words: str, **more: Any) -> Fault:
    """An error as OpenAI's API tells it."""
    return lambda handler: handler.reply(status, {"error": {"message": words, **more}})


def said(content: Any) -> Fault:
    """A response of status 200 with any JSON."""
    return lambda handler: handler.reply(200, content)


def not_json(handler: Handler) -> None:
    handler.reply(200, b"<html>sorry</html>")


def other_json(handler: Handler) -> None:
    handler.reply(200, {"answer": 42})


def half_closed(handler: Handler) -> None:
    """Promises more than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')


def reset(handler: Handler) -> None:
    """Hangs up without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hang(handler: Handler) -> None:
    """Says nothing for as long as anybody waits."""
    handler.connection.recv(1)


def drip_head(handler: Handler) -> None:
    """A header without end."""
    handler.send_response(200)
    handler.flush_headers()
    _now_and_then(handler, b"X")


def go_on(handler: Handler) -> None:
    """Asks for more of a request that is complete, over and over."""
    _now_and_then(handler, b"HTTP/1.1 100 Continue\r\n\r\n")


def drip(handler: Handler) -> None:
    """A byte now and then, so that no single read times out."""
    handler.send_response(200)
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    _now_and_then(handler, b" ")


def _now_and_then(handler: Handler, piece: bytes) -> None:
    with suppress(OSError):  # the client hangs up
        for _ in range(100):
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(0.1)


def raw(content: bytes, **headers: str) -> Fault:
    return lambda handler: handler.reply(200, content, **headers)


def not_http(handler: Handler) -> None:
    """A server of another kind, whose words would clear a terminal."""
    handler.wfile.write(b"SSH-2.0\x1b[2J\r\n")


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A chat server that answers well unless it is told otherwise."""
    with serving(Loopback()) as started:
        yield started
