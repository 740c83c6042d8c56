"""What a chat server sent → the model's raw output, in every form in which gateways of OpenAI's API send it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mmavk_cli.base.records import Json
from mmavk_cli.knowledge.generators.vlm.api_key import ApiKey
from mmavk_cli.knowledge.generators.vlm.clean_answer import UNFINISHED
from mmavk_cli.knowledge.generators.vlm.http_client import Response
from mmavk_cli.knowledge.generators.vlm.server_fault import ServerFault, error_fault, printable, status_fault

_OK = range(200, 300)

_CUT = {"length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"}
"""Finish reasons of a model that did not come to its end, in small letters."""

_HELD_BACK = {"content_filter", "safety", "refusal", "prohibited_content", "blocklist", "recitation", "spii"}
"""Finish reasons of an answer that was kept from us."""

_FAILED = {"error", "abort", "aborted", "network_error", "insufficient_system_resource"}
"""Finish reasons of a server that gave up on the answer."""

_TOOLS = {"tool_calls", "function_call", "tool_use"}

_REASONING = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
"""Fields of a message that hold reasoning beside the answer."""

_TEXT_PARTS = {None, "text", "output_text"}
"""Types of a content's parts that are the answer; `thinking`, `tool_use` and others are none of it."""

_EVENTS, _DONE = "events", "[DONE]"
_FIELDS = ("event:", "id:", "retry:")
"""Lines of an event stream beside its data."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's raw output, whether the model ended it by itself, and its tokens (0: the server does not say)."""

    output: str
    ended: bool
    tokens: int


class NoAnswer(Exception):  # noqa: N818  (a value that the generator turns into a row)
    """The model was asked and gave no text about this picture: it refused, thought for too long, or was held back."""


def content_of(response: Response, key: ApiKey) -> Any:
    """The JSON of a response, without the server's key; the events of a stream as `{"events": […]}`.

    Raises:
        ServerFault: its status is none of success, or it is no JSON.
    """
    text = key.hide(_decoded(response.body))
    if response.status not in _OK:
        raise status_fault(response.status, text, key.hide(response.location), response.after)
    lines = [line for line in text.splitlines() if not line.startswith(":")]  # comments that keep a connection up
    try:
        return key.hide(json.loads("\n".join(lines)))
    except (ValueError, RecursionError):
        pass
    events = _events(lines)
    if events:
        return {_EVENTS: key.hide(events)}
    what = "the answer is a web page" if is_web_page(text) else "the answer is not JSON"
    raise ServerFault(f"{what}: {printable(text)}", passing=True, refused=True, kind="address")


def is_web_page(text: str) -> bool:
    """Whether a text is HTML."""
    return text.lstrip().lower().startswith(("<!doctype html", "<html"))


def answer_of(found: Any) -> Answer:
    """The answer in the JSON that a server sent.

    Raises:
        NoAnswer: the model gave none. ServerFault: an error, or nothing where OpenAI's API has the answer.
    """
    if isinstance(found, dict) and _EVENTS in found:
        found = _joined(found[_EVENTS])
    raise_error(found)
    choice = _choice(found)
    raise_error(choice)
    message = _message(choice)
    content = message.get("content", message.get("text"))
    reason = str(choice.get("finish_reason") or choice.get("done_reason") or choice.get("stop_reason") or "").lower()
    if reason in _FAILED:
        raise ServerFault(f"the server gave up on the answer (finish reason {reason})", passing=True)
    if refusal := _refusal(message, content):
        raise NoAnswer(f"the model refuses: {printable(refusal)}")
    if reason in _HELD_BACK:
        raise NoAnswer(f"the answer was held back (finish reason {reason})")
    output = _text(content)
    if output is None:
        raise _no_chat(found)
    if not output.strip():
        raise NoAnswer(_why_empty(message, content, reason))
    usage = found.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    return Answer(output, reason not in _CUT, max(0, tokens) if isinstance(tokens, int) else 0)


def raise_error(found: Any) -> None:
    """Tell an error that came with a status of success.

    Raises:
        ServerFault: there is one.
    """
    if isinstance(found, list):  # Gemini sends its errors in a list
        found = next((one for one in found if isinstance(one, dict)), {})
    if not isinstance(found, dict):
        return
    error = found.get("error")
    if not error and "error" in (found.get("object"), found.get("type")):
        error = found
    if not error:
        return
    inner = error if isinstance(error, dict) else {"message": error}
    code = next((inner[name] for name in ("code", "status", "status_code") if _is_status(inner.get(name))), None)
    said = inner.get("message")
    kinds = [str(inner[name]) for name in ("type", "code") if isinstance(inner.get(name), str)]
    text = said if isinstance(said, str) else json.dumps(error, ensure_ascii=False)
    text = " ".join([text, *(f"({kind})" for kind in kinds)])
    raise error_fault(None if code is None else int(code), text)


def _is_status(code: Any) -> bool:
    return not isinstance(code, bool) and str(code).isascii() and str(code).isdigit() and 400 <= int(code) < 600  # noqa: PLR2004


def _decoded(body: bytes) -> str:
    """Text in the encoding that its bytes tell (UTF-8 where they do not), without a byte order mark."""
    encoding = json.detect_encoding(body)
    return body.decode("utf-8-sig" if encoding.startswith("utf-8") else encoding, "replace")


def _events(lines: Sequence[str]) -> list[Json]:
    """The JSON objects of an event stream, or of a stream with one object a line; none where it is neither."""
    found: list[Json] = []
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not data or data.startswith(_FIELDS):
            continue
        if data == _DONE:
            found.append({"done": True})
            continue
        try:
            event = json.loads(data)
        except (ValueError, RecursionError):
            return []
        if isinstance(event, dict):
            found.append(event)
    return found


def _joined(events: Sequence[Json]) -> Json:
    """The events of a stream as the answer that would have come in one piece.

    Raises:
        ServerFault: an event is an error, or the stream broke off.
    """
    texts: list[str] = []
    message: Json = {}
    whole: Json = {"usage": None}
    reason = None
    for event in events:
        raise_error(event)
        choices = event.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else event
        raise_error(choice)
        said = _message(choice)
        texts.append(_text(said.get("content", said.get("text"))) or "")
        message |= {name: said[name] for name in ("refusal", *_REASONING) if said.get(name)}
        reason = choice.get("finish_reason") or choice.get("done_reason") or said.get("stop_reason") or reason
        whole["usage"] = event.get("usage") or whole["usage"]
    if reason is None and not any(event.get("done") or event.get("type") == "message_stop" for event in events):
        raise ServerFault("the stream broke off before the answer's end", passing=True)
    return whole | {"choices": [{"message": message | {"content": "".join(texts)}, "finish_reason": reason}]}


def _choice(found: Any) -> Json:
    """The first choice; where there are none, an object that holds the answer itself (Ollama's and Anthropic's own)."""
    if isinstance(found, dict):
        choices = found.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            return choices[0]
        if isinstance(found.get("message"), dict) or (choices is None and isinstance(found.get("content"), list)):
            return found
    raise _no_chat(found)


def _message(choice: Json) -> Json:
    for name in ("message", "delta"):
        if isinstance(choice.get(name), dict):
            return dict(choice[name])
    return choice


def _text(content: Any) -> str | None:
    """The text of a message's content: a string, or parts of which only texts count. None: it is neither."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, dict):
        content = content.get("parts", [content])
    if not isinstance(content, list):
        return None
    texts: list[str] = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and part.get("type") in _TEXT_PARTS and not part.get("thought"):
            text = part.get("text")
            text = text.get("value") if isinstance(text, dict) else text
            texts.append(text if isinstance(text, str) else "")
    return "".join(texts)


def _refusal(message: Json, content: Any) -> str:
    said = message.get("refusal")
    if not said and isinstance(content, list):
        said = next((part["refusal"] for part in content if isinstance(part, dict) and part.get("refusal")), None)
    return str(said) if said else ""


def _why_empty(message: Json, content: Any, reason: str) -> str:
    thought = any(message.get(name) for name in _REASONING) or (isinstance(content, list) and bool(content))
    if thought and reason in _CUT:
        return UNFINISHED
    if thought:
        return "the model said nothing beside its reasoning"
    if reason in _CUT:
        return f"the model said nothing within --max-new-tokens (finish reason {reason})"
    if message.get("tool_calls") or reason in _TOOLS:
        return "the model called a tool in place of an answer"
    return f"the model said nothing (finish reason {reason})" if reason else "the model said nothing"


def _no_chat(found: Any) -> ServerFault:
    said = printable(json.dumps(found, ensure_ascii=False))
    what = f"the answer has no text where OpenAI's API has it: {said}"
    return ServerFault(what, passing=True, refused=True, kind="address")
