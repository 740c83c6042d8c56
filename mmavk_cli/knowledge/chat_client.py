"""A client for a server that speaks OpenAI's chat API: one request at a time, patient with faults that pass."""

import http.client
import json
import os
import random
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.records import Json

KEY = "MMAVK_API_KEY"
"""Environment variable with the server's key; a flag would show it to everybody who lists processes."""

PASSING = {408, 409, 425, 429, 500, 502, 503, 504}
"""HTTP statuses after which the same request may succeed."""

REFUSED = {401, 403, 404, 405}
"""HTTP statuses that every other request will get as well."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 30.0
LONGEST_ASKED_S = 300.0
"""Seconds of a server's Retry-After that are waited; one that asks for more is out of service."""

MOST_BYTES = 8_000_000
"""Of an answer."""

_PIECE = 65536


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
        UsageError: the address is none.
    """

    def __init__(self, url: str, timeout_s: float, retries: int) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        try:
            port = parts.port
        except ValueError:
            port = None
            parts = parts._replace(netloc="")
        if parts.username or parts.password:  # the address goes into run.json
            raise UsageError("the address holds a key or password", "--url", f"Put it into {KEY}")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"no address of a server: {url!r}", "--url", "Give one like http://localhost:8000/v1")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, port
        self._path = parts.path.rstrip("/")
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
        rows = found.get("data")
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
            with suppress(OSError):
                under_way.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for it; closing would not

    def _send(self, method: str, path: str, request: Json | None) -> Json:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout_s)
        under_way = None
        try:
            connection.connect()
            under_way = connection.sock
            self._open.add(under_way)
            headers = {"Content-Type": "application/json", "Connection": "close"}
            if key := os.environ.get(KEY):
                headers["Authorization"] = f"Bearer {key}"
            body = None if request is None else json.dumps(request).encode()
            deadline = time.monotonic() + self._timeout_s
            connection.request(method, f"{self._path}{path}", body, headers)
            with connection.getresponse() as response:
                raw = _body(response, deadline)
        except TimeoutError:
            raise ServerFault(f"no answer in {self._timeout_s:g} s", passing=True) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise ServerFault(f"the connection failed: {reason}", passing=True) from None
        finally:
            self._open.discard(under_way)
            connection.close()
        return _checked(response.status, response.getheader("Retry-After"), raw)


def _body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """The bytes of an answer. A server that sends a byte now and then is not waited for beyond the deadline."""
    pieces, size = [], 0
    while piece := response.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if time.monotonic() > deadline:
            raise TimeoutError
        if size > MOST_BYTES:
            raise ValueError(f"an answer of more than {MOST_BYTES / 1e6:g} MB")
    if response.length:
        raise http.client.IncompleteRead(b"".join(pieces), response.length)
    return b"".join(pieces)


def _checked(status: int, after: str | None, raw: bytes) -> Json:
    text = raw.decode("utf-8", "replace")
    if status != http.client.OK:
        said = " ".join(text.split())[:200]
        raise ServerFault(f"HTTP {status}: {said}", status in PASSING, status in REFUSED, seconds_of(after))
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ServerFault("the answer is not JSON", passing=True) from None
    if not isinstance(found, dict):
        raise ServerFault("the answer is no JSON object", passing=True)
    return found


def _answer(found: Json) -> Answer:
    try:
        choice = found["choices"][0]
        text: Any = choice["message"]["content"]
        usage = found.get("usage") or {}
        tokens = int(usage.get("completion_tokens") or 0)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise ServerFault("the answer has no text where OpenAI's API has it", passing=True) from None
    if text is not None and not isinstance(text, str):
        raise ServerFault("the answer's text is no text", passing=True)
    return Answer(text or "", choice.get("finish_reason") != "length", tokens)


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
    except (TypeError, ValueError):
        return None
