"""A request without an answer: whose fault it is (of this moment, this picture, every request), and what to do."""

import re
from dataclasses import dataclass
from typing import Literal

from mmavk_cli.knowledge.generators.vlm.api_key import KEY

_SHOWN = 200
"""Letters of a server's own words in a message."""

_PASSING = {408, 409, 424, 425, 429, 498}
"""HTTP statuses under 500 after which the same request may succeed."""

_LASTING = {501, 505, 511}
"""Those from 500 on after which it will not. All others may pass: 520 to 530 are a proxy's, 529 is overload."""

_EVERYWHERE = {301, 302, 303, 307, 308, 401, 402, 404, 405, 407, 410, *_LASTING}
"""HTTP statuses that every other request will get as well. Not 403, by which hosts also turn down a single picture."""

_SERVER_FAULT = 500

Kind = Literal["", "address", "key", "credit", "model", "blind", "long", "request"]
"""What a fault is about, for advice; empty where nothing can be said."""

ADVICE: dict[Kind, str] = {
    "": "Look at the server's log; then go on with --retry-failed",
    "address": "Check --server-url: the path under which chat/completions is, for most servers /v1",
    "key": f"Check the server's key in {KEY}",
    "credit": "The account there has nothing left: fill it up, or take another server",
    "model": "Check --vlm, the name that the server gives the model",
    "blind": "Take a --vlm that sees pictures (llama.cpp needs its --mmproj too)",
    "long": "Lower --visual-tokens or --max-new-tokens, or give the server's model a longer context",
    "request": "Change what it names, or take another server or --vlm",
}

_BY_STATUS: dict[int, Kind] = {401: "key", 403: "key", 407: "key", 402: "credit", 413: "long"}

_BY_WORDS: dict[Kind, re.Pattern[str]] = {
    "credit": re.compile(
        r"insufficient_quota|insufficient (?:credit|balance|fund)|exceeded your current quota|credit balance"
    ),
    "blind": re.compile(
        r"(?:image|vision|multi-?modal)[^.]{0,60}not (?:be )?(?:supported|enabled|available)|mmproj|text-only"
        r"|not a (?:multi-?modal|vision)|(?:not|n't) support[^.]{0,30}(?:image|vision|multi-?modal)"
    ),
    "model": re.compile(
        r"model[^.]{0,120}(?:not found|does not exist|not exist|unknown|no access)"
        r"|model_not_found|(?:no such|unknown|invalid) model|not a valid model"
    ),
    "long": re.compile(
        r"context (?:length|window|size)|too long|too large|too many tokens|`inputs` tokens|max(?:_completion)?_tokens"
    ),
    "address": re.compile(
        r"unexpected endpoint|no such (?:endpoint|route)|unknown (?:endpoint|route|url|request)|cannot post"
    ),
}
"""Words of a server, in small letters, that say what a fault is about."""

_ONE_PICTURE = re.compile(r"content_?filter|content management policy|moderation|safety system|responsibleaipolicy")
_OVERLOAD = re.compile(r"overload|rate.?limit|unavailable|time.?out|timed out|try again|server.error|internal error")


@dataclass(eq=False)
class ServerFault(Exception):  # noqa: N818  (a value that the generator turns into a row)
    """A request without an answer.

    Attributes:
        what: the fault, in one line.
        passing: the request may be tried again, not before `after` seconds where the server says so.
        everywhere: every other request will fare the same.
        refused: the server does not take this request; that may be for the picture, and it may be for all of them.
        kind: what it is about.
        said: the server's own words in full, small letters.
        status: of HTTP; None where there was no response, or one of success.
    """

    what: str
    passing: bool = False
    everywhere: bool = False
    refused: bool = False
    after: float | None = None
    kind: Kind = ""
    said: str = ""
    status: int | None = None

    def __str__(self) -> str:
        return self.what


def printable(text: str) -> str:
    """The beginning of a server's own words in one line: no letter of it moves a terminal's cursor or colours it."""
    text = text[: 10 * _SHOWN]
    hidden = {ord(letter): " " for letter in set(text) if not letter.isprintable()}
    return " ".join(text.translate(hidden).split())[:_SHOWN]


def status_fault(status: int, text: str, location: str = "", after: float | None = None) -> ServerFault:
    """What a status that is none of success means, with the words that came with it.

    Args:
        status: of the HTTP response.
        text: the server's message.
        location: of a redirect.
        after: seconds of `Retry-After`, if the server named them.
    """
    elsewhere = f" to {location}" if location else ""
    fault = ServerFault(printable(f"HTTP {status}{elsewhere}: {text}").rstrip(": "), status=status, said=text.lower())
    return _judged(fault, status, after)


def error_fault(code: int | None, text: str) -> ServerFault:
    """What an error means that came with a status of success; `code`: the status that it names itself."""
    number = "" if code is None else f" {code}"
    fault = ServerFault(f"the server answers with an error{number}: {printable(text)}", said=text.lower())
    return _judged(fault, code, None)


def _judged(fault: ServerFault, status: int | None, after: float | None) -> ServerFault:
    if _ONE_PICTURE.search(fault.said):
        return fault
    fault.kind = _kind_of(fault.said, status)
    server_side = status is not None and (status >= _SERVER_FAULT or status in _PASSING)
    if fault.kind == "credit" or status in _EVERYWHERE or (status is None and fault.kind == "address"):
        fault.everywhere = True
    elif fault.kind == "blind":  # llama.cpp says so with 500
        fault.refused = True
    elif server_side or (status is None and fault.kind == ""):
        fault.passing, fault.after = True, after
        fault.refused = status is None and not _OVERLOAD.search(fault.said)
    else:
        fault.refused = True
    return fault


def _kind_of(said: str, status: int | None) -> Kind:
    for kind, words in _BY_WORDS.items():
        if kind != "address" and words.search(said):
            return kind
    if status is not None:
        return _BY_STATUS.get(status, "address" if status in _EVERYWHERE else "request")
    return "address" if _BY_WORDS["address"].search(said) else ""
