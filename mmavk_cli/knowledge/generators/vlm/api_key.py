"""The server's key: read from the environment, sent with each request, taken out of all that a server says."""

import base64
import html
import json
import os
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

from mmavk_cli.base.errors import UsageError

KEY = "MMAVK_API_KEY"
"""Environment variable with the server's key; a flag would show it to everybody who lists processes."""

HIDDEN = "***"

_SHORTEST, _SHORTEST_WORD = 4, 8
"""Characters of a key that is hidden, and of one that is made of letters alone: servers that need none are given
`none`, `EMPTY` or `ollama`, which are words of a text as well."""


class ApiKey:
    """A key, or none: empty.

    Raises:
        UsageError: it has letters that cannot be sent.
    """

    def __init__(self, key: str) -> None:
        if not (key.isascii() and key.isprintable()):
            raise UsageError("the API key has characters that cannot be sent", KEY, "Copy it again, in one line")
        self._key = key

    @classmethod
    def of_environment(cls) -> "ApiKey":
        """The key in MMAVK_API_KEY, without what is copied along: white space, quotation marks, the word Bearer."""
        key = os.environ.get(KEY, "").strip().strip("\"'")
        return cls(re.sub(r"\ABearer\s+", "", key, flags=re.IGNORECASE))

    def headers(self, azure: bool) -> dict[str, str]:
        """What tells the server the key; Azure takes its own in another header than the tokens of its directory."""
        if not self._key:
            return {}
        is_token = self._key.startswith("eyJ")  # JSON in base64, as every JWT begins
        return {"api-key": self._key} if azure and not is_token else {"Authorization": f"Bearer {self._key}"}

    def hide(self, said: Any) -> Any:
        """What a server said (a text, or JSON) without the key, in whatever form it stands there."""
        if self._forms is None:
            return said
        if isinstance(said, str):
            return self._forms.sub(HIDDEN, said)
        if isinstance(said, list):
            return [self.hide(one) for one in said]
        if isinstance(said, dict):
            return {self.hide(name): self.hide(value) for name, value in said.items()}
        return said

    @cached_property
    def _forms(self) -> re.Pattern[str] | None:
        if len(self._key) < (_SHORTEST_WORD if self._key.isalpha() else _SHORTEST):
            return None
        plain = sorted(set(_written(self._key)), key=len, reverse=True)
        forms = [*map(re.escape, plain), *_in_base64(self._key)]
        return re.compile("|".join(forms), re.IGNORECASE)


def _written(key: str) -> Iterator[str]:
    """The forms in which a key may come back: as it is, escaped for an address, a web page or JSON, in hexadecimal."""
    yield key
    yield from (quote(key, safe=""), quote(key), quote_plus(key), html.escape(key))
    escaped = json.dumps(key)[1:-1]
    yield from (escaped, escaped.replace("/", "\\/"), "".join(f"\\u{ord(letter):04x}" for letter in key))
    yield from (key.encode().hex(), key.encode().hex(" "), key.encode().hex(":"))


def _in_base64(key: str) -> Iterator[str]:
    """Patterns for a key inside a text in base64. That takes three bytes together, so a key looks in three ways; the
    digits at both ends hold bits of its neighbours too.
    """
    for before in range(3):
        data = b"\0" * before + key.encode()
        digits = base64.b64encode(data).decode().rstrip("=")
        inner = digits[before and before + 1 : len(digits) - bool(len(data) % 3)]
        if len(inner) >= _SHORTEST:
            for form in {inner, inner.replace("+", "-").replace("/", "_")}:
                yield rf"[\w+/-]?{re.escape(form)}[\w+/-]?={{0,2}}"
