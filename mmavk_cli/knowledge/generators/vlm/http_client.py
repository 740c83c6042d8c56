"""A client for a server that speaks OpenAI's chat API: one request at a time, patient with faults that pass."""

import http.client
import json
import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.records import Json

KEY = "MMAVK_API_KEY"
"""Environment variable with the server's key; a flag would show it to everybody who lists processes."""

PASSING = {408, 409, 425, 429, 500, 502, 503, 504}
"""HTTP statuses after which the same request may succeed."""

REFUSED = {301, 302, 303, 307, 308, 401, 404, 405}
"""HTTP statuses that every other request will get as well. Not 403, by which hosts also turn down a single picture."""

CONNECT_S = 10.0
"""Seconds to wait for a connection, which nothing but time can break off."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 30.0
LONGEST_ASKED_S = 300.0
"""Seconds of a server's Retry-After that are waited; one that asks for more is out of service."""

MOST_BYTES = 8_000_000
"""Of an answer."""

_PIECE = 65536

_SHOWN = 200
"""Letters of a server's own words in a message."""


@dataclass(eq=False)
class ServerFault(Exception):  # noqa: N818  (a value that the generator turns into a row)
    """A request without an answer. `passing`: it may be tried again, not before `after` seconds where the server says
    so. `everywhere`: every other request will fare the same.
    """

    what: str
    passing: bool = False
    everywhere: bool = False
    after: float | None = None

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True, slots=True)
class Answer:
    """The text of an answer, whether the model ended it by itself, and its tokens (0: the server does not say)."""

    text: str
    ended: bool
    tokens: int


class ChatClient:
    """Asks one server. Threads may share it.

    Args:
        url: its address with the path under which `chat/completions` is (`http://localhost:8000/v1`).
        timeout_s: seconds for a whole answer.
        retries: how often a request is sent again.

    Raises:
        UsageError: the address is none, or the key has letters that cannot be sent.
    """

    def __init__(self, url: str, timeout_s: float, retries: int) -> None:
        self._secure, self._host, self._port, self._path = _address(url.strip())
        self._headers = {"Content-Type": "application/json", "Connection": "close"} | _authorization()
        self._timeout_s, self._retries = timeout_s, retries
        self._open: set[socket.socket] = set()
        self._stopped = threading.Event()

    def models(self) -> list[str] | None:
        """The ids of the models it serves; None where it does not tell.

        Raises:
            ServerFault: it cannot be reached.
        """
        try:
            found = self._send("GET", "/models", None)
        except ServerFault as fault:
            if fault.what.startswith("HTTP"):
                return None
            raise
        rows = found.get("data") if isinstance(found, dict) else found  # some hosts send the list alone
        return [str(row.get("id")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else None

    def ask(self, request: Json) -> Answer:
        """The answer to a chat request; what passes is tried again, with pauses that double.

        Raises:
            ServerFault: there is none, also after trying again.
        """
        for attempt in range(self._retries + 1):
            try:
                return _answer(self._send("POST", "/chat/completions", request))
            except ServerFault as fault:
                if not fault.passing or attempt == self._retries or (fault.after or 0) > LONGEST_ASKED_S:
                    tries = f" ({attempt + 1} tries)" if attempt else ""
                    raise ServerFault(f"{fault.what}{tries}", everywhere=fault.everywhere) from None
                pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt) * (1 + random.random() / 4)  # noqa: S311
                if self._stopped.wait(max(pause, fault.after or 0)):
                    raise ServerFault("stopped") from None
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """End all waiting: pauses, and requests under way."""
        self._stopped.set()
        for under_way in tuple(self._open):
            _hang_up(under_way)

    def _send(self, method: str, path: str, request: Json | None) -> Any:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connect_s = min(CONNECT_S, self._timeout_s)
        connection = kind(self._host, self._port, timeout=connect_s)
        body = None if request is None else json.dumps(request).encode()
        try:
            connection.connect()
            connect_s = self._timeout_s
            with self._watched(connection.sock):
                connection.request(method, f"{self._path}{path}", body, self._headers)
                with connection.getresponse() as response:
                    raw = _body(response)
        except TimeoutError:
            raise ServerFault(f"no answer in {connect_s:g} s", passing=True) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = printable(str(error)) or type(error).__name__
            raise ServerFault(f"the connection failed: {reason}", passing=True) from None
        finally:
            connection.close()
        return _checked(response, raw)

    @contextmanager
    def _watched(self, under_way: socket.socket) -> Iterator[None]:
        """Inside the block a connection is broken off by `stop`, and at the end of the time for a whole answer.

        Raises:
            TimeoutError: the time is over. A server that sends a byte now and then runs into no socket's limit.
        """
        under_way.settimeout(self._timeout_s)
        late = threading.Event()

        def over() -> None:
            late.set()
            _hang_up(under_way)

        clock = threading.Timer(self._timeout_s, over)
        clock.daemon = True
        self._open.add(under_way)
        clock.start()
        try:
            if self._stopped.is_set():  # while it connected
                _hang_up(under_way)
            yield
        finally:
            clock.cancel()
            self._open.discard(under_way)
            if late.is_set():
                raise TimeoutError


def printable(text: str) -> str:
    """The beginning of a server's own words in one line: no letter of it moves a terminal's cursor or colours it."""
    letters = (letter if letter.isprintable() else " " for letter in text[: 10 * _SHOWN])
    return " ".join("".join(letters).split())[:_SHOWN]


def _address(url: str) -> tuple[bool, str, int, str]:
    """Whether an address is https, its host, its port and the path that requests begin with."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        http.client.HTTPConnection(host, port)  # refuses what no host is called
    except (ValueError, http.client.InvalidURL):
        host, port, parts = "", 0, urlsplit("")
    if parts.username or parts.password or parts.query:  # the address goes into run.json
        raise UsageError(
            "the address contains a key, a password or a query (`?…`)", "--server-url", f"Put the key into {KEY}"
        )
    if parts.scheme not in {"http", "https"} or not host:
        raise UsageError(f"not a server address: {url!r}", "--server-url", "Give one like http://localhost:8000/v1")
    return parts.scheme == "https", host, port, quote(parts.path.rstrip("/"), safe="/%")


def _authorization() -> dict[str, str]:
    key = os.environ.get(KEY, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise UsageError("the API key has characters that cannot be sent", KEY, "Copy it again, in one line")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _hang_up(under_way: socket.socket) -> None:
    with suppress(OSError):
        under_way.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it; closing would not


def _body(response: http.client.HTTPResponse) -> bytes:
    """The bytes of an answer."""
    pieces, size = [], 0
    while piece := response.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            raise ServerFault(f"an answer of more than {MOST_BYTES / 1e6:g} MB")
    if response.length:
        raise http.client.IncompleteRead(b"".join(pieces), response.length)
    return b"".join(pieces)


def _checked(response: http.client.HTTPResponse, raw: bytes) -> Any:
    text, status = raw.decode("utf-8", "replace"), response.status
    if status != http.client.OK:
        elsewhere = f" to {place}" if (place := response.getheader("Location")) else ""
        said = printable(f"HTTP {status}{elsewhere}: {text}").rstrip(": ")
        raise ServerFault(said, status in PASSING, status in REFUSED, seconds_of(response.getheader("Retry-After")))
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ServerFault(f"the answer is not JSON: {printable(text)}", passing=True) from None


def _answer(found: Any) -> Answer:
    try:
        choice = found["choices"][0]
        text, reason = choice["message"].get("content"), choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError):
        text, reason = 0, None
    if text is not None and not isinstance(text, str):  # None: it refused, or called a tool
        said = printable(json.dumps(found, ensure_ascii=False))
        raise ServerFault(f"the answer has no text where OpenAI's API has it: {said}", passing=True)
    usage = found.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return Answer(text or "", reason != "length", max(0, tokens) if isinstance(tokens, int) else 0)


def seconds_of(after: str | None) -> float | None:
    """The seconds of a Retry-After, which is a number or a date; None where it is neither."""
    if after is None:
        return None
    try:
        return max(0.0, float(after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None
