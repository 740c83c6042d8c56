"""A client for a server that speaks OpenAI's chat API: one request at a time, patient with faults that pass."""

import json
import random
import re
from typing import Any

from mmavk_cli.base.records import Json
from mmavk_cli.knowledge.generators.vlm.api_key import ApiKey
from mmavk_cli.knowledge.generators.vlm.chat_response import Answer, answer_of, content_of, raise_error
from mmavk_cli.knowledge.generators.vlm.http_client import HttpClient
from mmavk_cli.knowledge.generators.vlm.server_address import server_address
from mmavk_cli.knowledge.generators.vlm.server_fault import ServerFault, printable

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 30.0
LONGEST_ASKED_S = 300.0
"""Seconds of a server's Retry-After that are waited; one that asks for more is out of service."""

TEMPERATURE = "temperature"

INSTEAD = {"max_tokens": "max_completion_tokens", "max_completion_tokens": None, TEMPERATURE: None}
"""What a parameter is sent as where a server does not take it; None: not at all."""

_NOT_TAKEN = re.compile(
    r"(?:un|not |n't )support|unrecogni|unknown|unexpected|extra |not permitted|not allowed|not accept|deprecated"
    r"|no longer|invalid (?:param|arg|field)|max_completion_tokens' instead"
)
_TOO_MANY = re.compile(r"too large|context|exceed|at (?:least|most)|(?:less|greater|more) than")
_OTHER_TEMPERATURE = re.compile(r"temperature\W[^.]{0,80}(?:must|should|only|positive|greater|range|default|between)")
_NAMED = re.compile(r'"param"\s*:\s*"(\w+)"|"loc"\s*:\s*\[[^\]]*?"(\w+)"\s*\]')
"""Where a refusal says which parameter it is about: OpenAI's form and FastAPI's."""
_ADAPTED = {400, 422}
"""HTTP statuses of a refusal that may be about one parameter."""


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
        self.address = server_address(url)
        self._key = ApiKey.of_environment()
        self._http = HttpClient(self.address, self._key.headers(self.address.is_azure), timeout_s)
        self._retries = retries
        self._sent_as: dict[str, str | None] = {}

    @property
    def left_out(self) -> tuple[str, ...]:
        """Parameters that are not sent, because the server does not take them."""
        return tuple(name for name, sent_as in self._sent_as.items() if sent_as is None)

    def models(self) -> list[str] | None:
        """The ids of the models it lists, which need not be all; None where it lists none.

        Raises:
            ServerFault: it cannot be reached, or what answers is no chat API.
        """
        try:
            found = self._once("GET", "/models")
        except ServerFault as fault:
            if fault.status is None:
                raise
            return None
        try:
            raise_error(found)
        except ServerFault as fault:
            if fault.kind == "address":
                raise
            return None
        rows = (found.get("data") or found.get("models")) if isinstance(found, dict) else found
        if not isinstance(rows, list):
            return None
        names = (row.get("id") or row.get("name") for row in rows if isinstance(row, dict))
        return [str(name) for name in names if name]

    def ask(self, request: Json) -> Answer:
        """The answer to a chat request. What passes is tried again, with pauses that double; a parameter that the
        server does not take is renamed or left out from then on.

        Raises:
            NoAnswer: the model gave none. ServerFault: the server gave none, also after trying again.
        """
        attempt = 0
        while True:
            sent = self._adapted(request)
            try:
                answer = answer_of(self._once("POST", "/chat/completions", sent))
                return Answer(self._key.hide(answer.output), answer.ended, answer.tokens)
            except ServerFault as fault:
                if self._adapts(fault, sent):
                    continue
                attempt += 1
                if not fault.passing or attempt > self._retries or (fault.after or 0) > LONGEST_ASKED_S:
                    fault.what += f" ({attempt} tries)" if attempt > 1 else ""
                    raise
                pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (attempt - 1)) * (1 + random.random() / 4)  # noqa: S311
                if self._http.stopped.wait(max(pause, fault.after or 0)):
                    raise ServerFault("stopped") from None

    def stop(self) -> None:
        """End all waiting: pauses, and requests under way."""
        self._http.stop()

    def _once(self, method: str, path: str, request: Json | None = None) -> Any:
        body = None if request is None else json.dumps(request).encode()
        try:
            response = self._http.send(method, path, body)
        except ServerFault as fault:
            fault.what = printable(self._key.hide(fault.what))
            raise
        return content_of(response, self._key)

    def _adapted(self, request: Json) -> Json:
        """The request as this server takes it."""
        sent: Json = {}
        for name, value in request.items():
            sent_as: str | None = name
            while sent_as in self._sent_as:
                sent_as = self._sent_as[sent_as]
            if sent_as is not None:
                sent[sent_as] = value
        return sent

    def _adapts(self, fault: ServerFault, sent: Json) -> bool:
        """Whether a refusal is about a parameter that can be renamed or left out, which it is from now on."""
        if fault.status not in _ADAPTED:
            return False
        named = _NAMED.search(fault.said)
        about = [name for name in INSTEAD if name in fault.said]
        if named:
            about = [named[1] or named[2]]
        name = next((name for name in about if name in sent and name in INSTEAD), None)
        if name is None or not _is_not_taken(name, fault.said):
            return False
        self._sent_as[name] = INSTEAD[name]
        return True


def _is_not_taken(name: str, said: str) -> bool:
    if name == TEMPERATURE:
        return bool(_NOT_TAKEN.search(said) or _OTHER_TEMPERATURE.search(said))
    return bool(_NOT_TAKEN.search(said)) and not _TOO_MANY.search(said)
