"""The address of a chat server, as it is typed, and what of it goes into a request."""

import http.client
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from mmavk_cli.base.errors import UsageError
from mmavk_cli.knowledge.generators.vlm.api_key import KEY

FLAG = "--server-url"

NO_KEYS = {"api-version", "api_version", "version", "deployment", "provider", "region"}
"""What may stand in an address's query: it is written into run.json and shown."""

AZURE = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")

_HTTPS_PORT, _HTTP_PORT = 443, 80


@dataclass(frozen=True, slots=True)
class Address:
    """Where requests go: `path` is what they begin with, `query` what they end with (`?api-version=…`, or nothing)."""

    secure: bool
    host: str
    port: int
    path: str
    query: str

    @property
    def is_azure(self) -> bool:
        """Whether it is one of Azure's, which take a key in a header of their own."""
        return "version=" in self.query or self.host.endswith(AZURE)

    def target(self, path: str) -> str:
        """What a request line names: `/v1/models` for `/models`."""
        return f"{self.path}{path}{self.query}"

    def with_path(self, path: str) -> str:
        """The address in full with another path, for advice."""
        scheme, usual = ("https", _HTTPS_PORT) if self.secure else ("http", _HTTP_PORT)
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == usual else f":{self.port}"
        return f"{scheme}://{host}{port}{path}"


def server_address(url: str) -> Address:
    """The parts of an address; `http` where it names no scheme, and without the path that every request adds.

    Raises:
        UsageError: it is none, or holds what is not taken.
    """
    url = url.strip()
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port or (_HTTPS_PORT if parts.scheme == "https" else _HTTP_PORT)
        http.client.HTTPConnection(host, port)  # refuses what no host is called
    except (ValueError, http.client.InvalidURL):
        host, port, parts = "", 0, urlsplit("")
    if parts.username or parts.password:
        what = "the address holds a name or a password before its @"
        raise UsageError(what, FLAG, f"Put the server's key into {KEY}")
    if parts.scheme not in {"http", "https"} or not host:
        shown = url.partition("?")[0]
        raise UsageError(f"no address of a server: {shown!r}", FLAG, "Give one like http://localhost:8000/v1")
    path = parts.path.rstrip("/").removesuffix("/chat/completions").rstrip("/")
    return Address(parts.scheme == "https", host, port, quote(path, safe="/%"), _query(parts.query))


def _query(query: str) -> str:
    """The query as it is sent.

    Raises:
        UsageError: it holds what may be a key.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    other = next((name for name, _ in pairs if name.lower() not in NO_KEYS), None)
    if other is not None:
        what = f"the address holds {other!r}, and only {', '.join(sorted(NO_KEYS))} are taken after its ?"
        raise UsageError(what, FLAG, f"Put the server's key into {KEY}; the address goes into run.json")
    return f"?{urlencode(pairs)}" if pairs else ""
