"""HTTP for one server: a whole answer in a given time, which can be broken off; no bytes without a limit."""

import http.client
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from mmavk_cli.knowledge.generators.vlm.server_address import Address
from mmavk_cli.knowledge.generators.vlm.server_fault import ServerFault

CONNECT_S = 10.0
"""Seconds to wait for a connection, which nothing but time can break off."""

MOST_BYTES = 8_000_000
"""Of an answer, packed or unpacked."""

_PIECE = 65536

_PACKED = {"gzip", "x-gzip", "deflate", "zlib"}
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
"""zlib's word for: see from the header which of the two it is."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a server sent. `after`: seconds after which it wants to be asked again; `location`: where it sends us."""

    status: int
    body: bytes
    content_type: str = ""
    location: str = ""
    after: float | None = None


class HttpClient:
    """Sends requests to one server. Threads may share it.

    Args:
        address: the server's.
        headers: sent with each request.
        timeout_s: seconds for a whole answer.
    """

    def __init__(self, address: Address, headers: Mapping[str, str], timeout_s: float) -> None:
        self._address, self._timeout_s = address, timeout_s
        own = {"Content-Type": "application/json", "Connection": "close"}
        self._headers = own | dict(headers)
        self._open: set[socket.socket] = set()
        self.stopped = threading.Event()

    def stop(self) -> None:
        """Break off the requests under way; `stopped` is set."""
        self.stopped.set()
        for under_way in tuple(self._open):
            _hang_up(under_way)

    def send(self, method: str, path: str, body: bytes | None = None) -> Response:
        """The server's response, whatever its status.

        Raises:
            ServerFault: it cannot be reached, took too long, or sent too much.
        """
        kind = http.client.HTTPSConnection if self._address.secure else http.client.HTTPConnection
        connect_s = min(CONNECT_S, self._timeout_s)
        connection = kind(self._address.host, self._address.port, timeout=connect_s)
        try:
            connection.connect()
            connect_s = self._timeout_s
            with self._watched(connection.sock):
                connection.request(method, self._address.target(path), body, self._headers)
                with connection.getresponse() as response:
                    raw = _body(response)
        except TimeoutError:
            raise ServerFault(f"no answer in {connect_s:g} s", passing=True) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise ServerFault(f"the connection failed: {reason}", passing=True) from None
        finally:
            connection.close()
        header = response.getheader
        return Response(
            response.status,
            _unpacked(raw, header("Content-Encoding", "")),
            header("Content-Type", ""),
            header("Location", ""),
            seconds_of(header("Retry-After")),
        )

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
            if self.stopped.is_set():  # while it connected
                _hang_up(under_way)
            yield
        finally:
            clock.cancel()
            self._open.discard(under_way)
            if late.is_set():
                raise TimeoutError


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
            raise _too_long()
    if response.length:
        raise http.client.IncompleteRead(b"".join(pieces), response.length)
    return b"".join(pieces)


def _unpacked(raw: bytes, encoding: str) -> bytes:
    """The bytes as they were before gzip or deflate; also where a proxy has dropped the header that says so.

    Raises:
        ServerFault: they are packed in another way, are damaged, or unpack to too much.
    """
    encoding = encoding.strip().lower()
    if not raw.startswith(_GZIP_MAGIC) and (encoding not in _PACKED or not raw):
        if encoding in {"", "identity"} or _is_plain(raw):
            return raw
        raise ServerFault(
            f"the answer is packed as {encoding!r}, which was not asked for", everywhere=True, kind="request"
        )
    for form in (_GZIP_OR_ZLIB, -zlib.MAX_WBITS):  # some servers send deflate without zlib's header
        unpacking = zlib.decompressobj(form)
        try:
            content = unpacking.decompress(raw, MOST_BYTES + 1)
        except zlib.error:
            continue
        if len(content) > MOST_BYTES:
            raise _too_long()
        if unpacking.eof:
            return content
    if _is_plain(raw):
        return raw
    raise ServerFault("the answer's compression is damaged", passing=True)


def _is_plain(raw: bytes) -> bool:
    """Whether bytes are JSON, a web page or an event stream, whatever a header says."""
    return not raw.strip() or raw.lstrip()[:1] in (b"{", b"[", b"<", b"d", b":")


def _too_long() -> ServerFault:
    return ServerFault(f"an answer of more than {MOST_BYTES / 1e6:g} MB")


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
