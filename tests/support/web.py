"""HTTP servers on loopback: up inside a block, with one way to answer, and silent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import Any, TypeVar


class Server(ThreadingHTTPServer):
    """A server on a free port, each request in a thread of its own."""

    def __init__(self, handler: Any) -> None:
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away or was killed is no news."""


class Silent:
    """A handler that logs nothing."""

    def log_message(self, format: str, *args: Any) -> None: ...


class Replying(Silent):
    """A handler that answers with a status, headers and JSON, or bytes as they are."""

    def reply(self, status: int, content: Any = None, **headers: str) -> None:
        if not isinstance(content, bytes):
            content = json.dumps(content).encode() if content is not None else b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


S = TypeVar("S", bound=Server)


@contextmanager
def serving(server: S) -> Iterator[S]:
    """The server, up inside the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
