"""The forms in which gateways of OpenAI's API send an answer, an error, or none, each from a server on loopback."""

import gzip
import json
import zlib
from typing import Any

import loopback
import pytest
from generate_tools import noise
from loopback import Fault, Loopback

from mmavk_cli.base.errors import DataError, MissingError
from mmavk_cli.knowledge.generators.generator import View, Written
from mmavk_cli.knowledge.generators.vlm import chat_client, http_client
from mmavk_cli.knowledge.generators.vlm.server import ServerGenerator, ServerSettings

SAID = "A ferry called Texelstroom."


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_client, "FIRST_PAUSE_S", 0.01)


def answer(content: Any = SAID, reason: str | None = "stop", **message: Any) -> dict[str, Any]:
    """A chat completion."""
    return {"choices": [{"index": 0, "message": {"content": content, **message}, "finish_reason": reason}]}


def written(server: Loopback, fault: Fault, **settings: Any) -> Written:
    """What comes of one picture, the first request of which is answered so."""
    server.faults = [fault]
    asked = ServerGenerator(ServerSettings(server_url=server.url, vlm="tiny", **{"retries": 0, **settings}))
    ((_, found),) = asked.write([View(noise(56, 56, 1))])
    return found


def stream(*events: Any, end: str = "data: [DONE]\n\n") -> bytes:
    return ("".join(f"data: {json.dumps(event)}\n\n" for event in events) + end).encode()


def delta(reason: str | None = None, **message: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": message, "finish_reason": reason}]}


PLAIN = json.dumps(answer()).encode()
FORMS: dict[str, Fault] = {
    "parts": loopback.said(answer([{"type": "text", "text": "A ferry "}, {"type": "text", "text": SAID[8:]}])),
    "parts with thinking": loopback.said(
        answer([{"type": "thinking", "thinking": [{"type": "text", "text": "Ajax"}]}, {"type": "text", "text": SAID}])
    ),
    "parts of other types": loopback.said(
        answer([{"type": "reasoning", "text": "Ajax"}, {"type": "output_text", "text": SAID}, {"type": "tool_use"}])
    ),
    "Gemini's own parts": loopback.said(answer({"parts": [{"text": "Ajax", "thought": True}, {"text": SAID}]})),
    "texts in a list": loopback.said(answer([SAID[:8], SAID[8:]])),
    "text with a value": loopback.said(answer([{"type": "text", "text": {"value": SAID}}])),
    "reasoning_content": loopback.said(answer(reasoning_content="Ajax")),
    "reasoning": loopback.said(answer(reasoning="Ajax", reasoning_details=[{"text": "Ajax"}])),
    "a completion": loopback.said({"choices": [{"text": SAID, "finish_reason": "stop"}]}),
    "Ollama's own": loopback.said({"message": {"role": "assistant", "content": SAID}, "done_reason": "stop"}),
    "Anthropic's own": loopback.said({"content": [{"type": "text", "text": SAID}], "stop_reason": "end_turn"}),
    "a null error": loopback.said(answer() | {"error": None}),
    "gzip": loopback.raw(gzip.compress(PLAIN), Content_Encoding="gzip"),
    "gzip by its old name": loopback.raw(gzip.compress(PLAIN), Content_Encoding="x-gzip"),
    "gzip without its header": loopback.raw(gzip.compress(PLAIN)),
    "deflate": loopback.raw(zlib.compress(PLAIN), Content_Encoding="deflate"),
    "deflate, bare": loopback.raw(zlib.compress(PLAIN, wbits=-15), Content_Encoding="deflate"),
    "an encoding that is none": loopback.raw(PLAIN, Content_Encoding="utf-8"),
    "gzip that is none": loopback.raw(PLAIN, Content_Encoding="gzip"),
    "byte order mark": loopback.raw(b"\xef\xbb\xbf" + PLAIN),
    "UTF-16": loopback.raw(PLAIN.decode().encode("utf-16")),
    "white space before": loopback.raw(b"\n   \n" + PLAIN),
    "comments before": loopback.raw(b": PROCESSING\n\n: PROCESSING\n\n" + PLAIN),
    "status 201": lambda handler: handler.reply(201, answer()),
    "a stream": loopback.raw(stream(delta(content="A ferry "), delta(content=SAID[8:]), delta("stop"))),
    "a stream with reasoning": loopback.raw(
        stream(delta(reasoning_content="Ajax"), delta(content=SAID), delta("stop"), {"choices": [], "usage": {}})
    ),
    "a stream with comments": loopback.raw(b": PROCESSING\n\nevent: m\n" + stream(delta(content=SAID))),
    "a stream of Ollama's": loopback.raw(
        "\n".join(json.dumps({"message": {"content": part}, "done": part == "."}) for part in (SAID[:-1], ".")).encode()
    ),
    "a stream of Anthropic's": loopback.raw(
        stream(
            {"type": "message_start", "message": {"content": []}},
            {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "Ajax"}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": SAID}},
            {"type": "message_stop"},
            end="",
        )
    ),
}


@pytest.mark.parametrize("fault", FORMS.values(), ids=FORMS)
def test_forms_of_an_answer(fault: Fault, server: Loopback):
    found = written(server, fault)
    assert (found.text, found.error) == (SAID, None)
    assert len(server.bodies) == 1


NONE = {
    "null": (answer(None), "said nothing"),
    "empty": (answer(""), "said nothing"),
    "blank": (answer(" \n"), "said nothing"),
    "no content": ({"choices": [{"message": {}}]}, "said nothing"),
    "cut before it began": (answer("", "length"), "nothing within --max-new-tokens"),
    "cut, in other words": (answer(None, "MAX_TOKENS"), "nothing within --max-new-tokens"),
    "cut while it thought": (answer(None, "length", reasoning_content="Ajax"), "reasoning did not end; raise"),
    "cut while it thought, empty": (answer("", "length", reasoning="Ajax"), "reasoning did not end; raise"),
    "cut in a thinking part": (answer([{"type": "thinking", "thinking": []}], "length"), "reasoning did not end"),
    "reasoning alone": (answer("", reasoning="Ajax"), "nothing beside its reasoning"),
    "a refusal": (answer(None, refusal="I cannot name people."), "the model refuses: I cannot name people."),
    "a refusal in a part": (answer([{"type": "refusal", "refusal": "No names."}]), "the model refuses: No names."),
    "a finish reason of refusal": (answer("", "refusal"), "held back (finish reason refusal)"),
    "a filter": (answer("", "content_filter"), "held back (finish reason content_filter)"),
    "a filter in the middle": (answer("A ferry", "content_filter"), "held back"),
    "Gemini's filter": (answer(None, "SAFETY"), "held back (finish reason safety)"),
    "a tool": (answer(None, "tool_calls", tool_calls=[{"id": "x"}]), "called a tool"),
    "think tags": (answer("<think>Ajax", "length"), "reasoning did not end; raise --max-new-tokens"),
    "signs": (answer("!" * 256, "length"), "no word in the answer"),
    "words of refusal": (answer("I'm sorry, but I can't identify people."), "the model refuses"),
}


@pytest.mark.parametrize(("content", "reason"), NONE.values(), ids=NONE)
def test_no_answer_is_a_failure_with_its_reason(content: Any, reason: str, server: Loopback):
    found = written(server, loopback.said(content), retries=2)
    assert found.text is None
    assert reason in str(found.error)
    assert "Ajax" not in str(found.error)
    assert len(server.bodies) == 1, "it would come out the same"


CUT = ["length", "LENGTH", "max_tokens", "MAX_TOKENS", "model_length"]


@pytest.mark.parametrize("reason", CUT)
def test_reasons_of_a_cut(reason: str, server: Loopback):
    found = written(server, loopback.said(answer("One is here. Two", reason)))
    assert (found.text, found.details["flags"]) == ("One is here.", ["cut"])


PASSING: dict[str, Fault] = {
    "OpenRouter's 502 in a 200": loopback.said({"error": {"message": "Provider returned error", "code": 502}}),
    "the same in words": loopback.said({"error": {"message": "upstream", "code": "503"}}),
    "an error in a choice": loopback.said({"choices": [{"error": {"code": 429, "message": "x"}, "message": {}}]}),
    "Anthropic's overload": loopback.said({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}),
    "an aborted answer": loopback.said(answer("A fer", "abort")),
    "a finish reason of error": loopback.said(answer("A fer", "error")),
    "a stream that broke off": loopback.raw(stream(delta(content="A fer"), end="")),
    "an error in a stream": loopback.raw(stream(delta(content="A"), {"error": {"code": 500, "message": "x"}})),
    "half of gzip": loopback.raw(gzip.compress(PLAIN)[:-9], Content_Encoding="gzip"),
    **{str(code): loopback.status(code) for code in (408, 409, 424, 425, 498, 502, 504, 520, 521, 522, 523, 524, 529)},
    "529 of Anthropic": loopback.error(529, "Overloaded", type="overloaded_error"),
    "TGI without memory": lambda handler: handler.reply(
        424, {"error": "CUDA out of memory", "error_type": "generation"}
    ),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_what_passes_is_asked_again(fault: Fault, server: Loopback):
    server.faults = [fault, fault]
    generator = ServerGenerator(ServerSettings(server_url=server.url, vlm="tiny", retries=2))
    assert generator.generate(noise(56, 56, 1)).startswith("a picture of 56 by 56")
    assert len(server.bodies) == 3


REFUSED = {
    "credit": (loopback.error(402, "Insufficient credits"), "nothing left"),
    "quota": (loopback.error(429, "You exceeded your current quota", code="insufficient_quota"), "nothing left"),
    "Anthropic's credit": (loopback.error(400, "Your credit balance is too low"), "nothing left"),
    "a key": (loopback.error(403, "Key not allowed"), "MMAVK_API_KEY"),
    "no eyes": (loopback.error(400, "tiny is not a multimodal model"), "sees pictures"),
    "no eyes in llama.cpp": (loopback.error(500, "image input is not supported - you may need the mmproj"), "--mmproj"),
    "no model": (loopback.error(400, "model 'tiny' not found, try pulling it first"), "--vlm"),
    "context": (loopback.error(400, "This model's maximum context length is 1024 tokens."), "--visual-tokens"),
    "TGI's context": (
        lambda handler: handler.reply(422, {"error": "`inputs` tokens + `max_new_tokens` must be <= 512"}),
        "--visual-tokens",
    ),
    "size": (lambda handler: handler.reply(413, b"<html>413 Request Entity Too Large</html>"), "--visual-tokens"),
    "form": (lambda handler: handler.reply(422, {"detail": [{"loc": ["body", "messages"], "msg": "str"}]}), "--vlm"),
    "Gemini's list": (loopback.said([{"error": {"code": 404, "message": "models/x is not found"}}]), "--vlm"),
    "another 400 in a 200": (loopback.said({"error": {"code": 400, "message": "bad request"}}), "what it names"),
    "brotli": (loopback.raw(b"\x8b\x03\x80", Content_Encoding="br"), "another server"),
}


@pytest.mark.parametrize(("fault", "advice"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("number", [1, 5])
def test_what_every_picture_would_get_is_told_once(number: int, fault: Fault, advice: str, server: Loopback):
    server.always = fault
    generator = ServerGenerator(ServerSettings(server_url=server.url, vlm="tiny", retries=0, concurrency=1))
    found = []
    with pytest.raises(MissingError, match="refuses: ") as caught:
        found.extend(generator.write([View(noise(56, 56, seed)) for seed in range(number)]))
    assert found == []
    assert advice in caught.value.do
    assert len(server.bodies) <= 4, "three pictures and a plain one"


NO_CHAT: dict[str, Fault] = {
    "LM Studio": loopback.said({"error": "Unexpected endpoint or method. (GET /models)"}),
    "a web page": loopback.raw(b"<!DOCTYPE html>\n<html><body>Chat</body></html>"),
    "a small web page": loopback.raw(b"<html>"),
}


@pytest.mark.parametrize("fault", NO_CHAT.values(), ids=NO_CHAT)
def test_what_is_no_chat_api_is_told_at_once_with_a_likely_address(fault: Fault, server: Loopback):
    server.listing = fault
    url = server.url.removesuffix("/v1")
    with pytest.raises(MissingError, match="this is no chat API") as caught:
        ServerGenerator(ServerSettings(server_url=url, vlm="tiny")).check()
    assert f"Try {url}/v1" in caught.value.do
    with pytest.raises(MissingError, match="this is no chat API") as caught:
        ServerGenerator(ServerSettings(server_url=server.url, vlm="tiny")).check()
    assert "Try" not in caught.value.do
    assert server.bodies == []


def test_a_path_that_is_not_there_is_told_with_a_likely_one(server: Loopback):
    server.always = lambda handler: handler.reply(404, b"404 page not found")
    url = server.url.removesuffix("/v1")
    with pytest.raises(MissingError, match="refuses: HTTP 404") as caught:
        list(ServerGenerator(ServerSettings(server_url=url, vlm="tiny")).write([View(noise(56, 56, 1))]))
    assert f"Try {url}/v1" in caught.value.do


@pytest.mark.parametrize("fault", [*NO_CHAT.values(), loopback.other_json, loopback.not_json, loopback.said([])])
def test_answers_of_no_chat_api_leave_no_failed_pictures(fault: Fault, server: Loopback):
    server.models, server.always = None, fault
    with pytest.raises(MissingError, match="this is no chat API"):
        list(
            ServerGenerator(ServerSettings(server_url=server.url, vlm="tiny", retries=0)).write(
                [View(noise(56, 56, 1))]
            )
        )


OF_ONE_PICTURE: dict[str, Fault] = {
    "Azure's filter": loopback.error(400, "triggering Azure OpenAI's content management policy", code="content_filter"),
    "moderation": loopback.error(403, "Your input was flagged by moderation"),
    "a picture it cannot read": loopback.error(400, "Could not decode image"),
    "an error of its own": loopback.said({"error": "sorry"}),
}


@pytest.mark.parametrize("fault", OF_ONE_PICTURE.values(), ids=OF_ONE_PICTURE)
def test_what_is_wrong_with_one_picture_is_its_own_failure(fault: Fault, server: Loopback):
    """Also where it is the first of all, or the only one: a plain picture tells."""
    found = written(server, fault)
    assert found.text is None
    assert str(found.error).startswith("server: ")


def test_an_answer_that_unpacks_without_end_is_not_unpacked(server: Loopback, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_client, "MOST_BYTES", 100_000)
    bomb = gzip.compress(b" " * 3_000_000)
    server.faults = [loopback.raw(bomb, Content_Encoding="gzip")]
    with pytest.raises(DataError, match=r"more than 0\.1 MB"):
        ServerGenerator(ServerSettings(server_url=server.url, vlm="tiny", retries=0)).generate(noise(56, 56, 1))
