"""How a server is asked: by which address, with which key, and without the parameters that it does not take."""

import base64
import html
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import loopback
import pytest
from generate_tools import noise
from loopback import Fault, Handler, Loopback
from ran import Mmavk

from mmavk_cli.base.errors import UsageError
from mmavk_cli.knowledge.generators.vlm.api_key import HIDDEN, KEY, ApiKey
from mmavk_cli.knowledge.generators.vlm.server import ServerGenerator, ServerSettings
from mmavk_cli.knowledge.generators.vlm.server_address import server_address
from mmavk_cli.store.store import Store

SECRET = "sk-Op3n/Sesame+42?&x"


def asking(server: Loopback, url: str = "") -> ServerGenerator:
    return ServerGenerator(ServerSettings(server_url=url or server.url, vlm="tiny", retries=0))


def sent(server: Loopback) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(server.bodies[-1])
    return found


# ---------------------------------------------------------------- parameters


def refusing(name: str, words: str, status: int = 400, **more: Any) -> Fault:
    """Refuses requests that hold a parameter, as long as they do."""

    def answer(handler: Handler) -> None:
        request = json.loads(handler.server.bodies[-1])
        if name in request:
            handler.reply(status, {"error": {"message": words, **more}})
        else:
            handler.answer(request)

    return answer


LIMIT = {
    "OpenAI": "Unsupported parameter: 'max_tokens' is not supported here. Use 'max_completion_tokens' instead.",
    "another": "Unrecognized request argument supplied: max_tokens",
    "strict": "max_tokens: Extra inputs are not permitted",
    "later": "`max_tokens` is deprecated and no longer accepted",
}


@pytest.mark.parametrize("words", LIMIT.values(), ids=LIMIT)
def test_another_name_of_the_limit(words: str, server: Loopback):
    server.always = refusing("max_tokens", words)
    generator = asking(server)
    for seed in (1, 2):
        assert generator.generate(noise(56, 56, seed)).startswith("a picture of 56 by 56")
    assert len(server.bodies) == 3, "it is learned once"
    assert sent(server)["max_completion_tokens"] == 256
    assert generator.notes == ()


TEMPERATURE = {
    "OpenAI": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is supported.",
    "TGI": "Input validation error: `temperature` must be strictly positive",
    "strict": "temperature: Extra inputs are not permitted",
    "a range": "temperature should be between 0.1 and 2",
}


@pytest.mark.parametrize("words", TEMPERATURE.values(), ids=TEMPERATURE)
@pytest.mark.parametrize("status", [400, 422])
def test_a_temperature_that_is_not_taken_is_left_out_and_told(status: int, words: str, server: Loopback):
    server.always = refusing("temperature", words, status)
    generator = asking(server)
    ((_, written),) = generator.write([generator.ready(noise(56, 56, 1))])
    assert (written.error, written.details["left_out"]) == (None, ["temperature"])
    assert generator.notes == ("the server does not take temperature: the request was sent without",)
    assert len(server.bodies) == 2


def test_both_are_learned_one_after_the_other(server: Loopback):
    def answer(handler: Handler) -> None:
        request = json.loads(handler.server.bodies[-1])
        name = next((one for one in ("max_tokens", "max_completion_tokens", "temperature") if one in request), "")
        words = f"Unsupported parameter: {name}"
        handler.reply(400, {"error": {"message": words, "param": name}}) if name else handler.answer(request)

    server.always = answer
    asking(server).generate(noise(56, 56, 1))
    assert sent(server).keys() == {"model", "messages"}
    assert len(server.bodies) == 4


def test_the_parameter_that_is_named_is_meant(server: Loopback):
    """The words tell of another, which stays."""
    words = "Unsupported value. Only max_tokens and others are supported"
    server.always = refusing("temperature", words, param="temperature")
    asking(server).generate(noise(56, 56, 1))
    assert sent(server)["max_tokens"] == 256


@pytest.mark.parametrize(
    "words",
    [
        "'max_tokens' or 'max_completion_tokens' is too large: 256. This model's maximum context length is 200 tokens",
        "max_tokens must be at most 128",
        "maximum context length is 200 tokens, unsupported request with max_tokens=256",
    ],
)
def test_a_limit_that_is_too_high_is_no_other_name_of_it(words: str, server: Loopback):
    server.always = loopback.error(400, words)
    with pytest.raises(Exception, match="refuses") as caught:
        asking(server).generate(noise(56, 56, 1))
    assert "--max-new-tokens" in str(caught.value)
    assert all("max_completion_tokens" not in json.loads(body) for body in server.bodies)


# ---------------------------------------------------------------- addresses


def test_azures_address(server: Loopback, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KEY, SECRET)
    url = server.url.replace("/v1", "/openai/deployments/see?api-version=2024-10-21")
    asking(server, url).generate(noise(56, 56, 1))
    assert server.paths == ["/openai/deployments/see/chat/completions?api-version=2024-10-21"]
    assert server.headers[-1]["api-key"] == SECRET
    assert "Authorization" not in server.headers[-1]


def test_a_token_of_azures_directory_is_a_bearers(server: Loopback, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(KEY, "eyJ0eXAi.x.y")
    asking(server, f"{server.url}?api-version=1").generate(noise(56, 56, 1))
    assert server.headers[-1]["Authorization"] == "Bearer eyJ0eXAi.x.y"


def test_the_address_may_name_the_endpoint_itself(server: Loopback):
    asking(server, f"{server.url}/chat/completions").generate(noise(56, 56, 1))
    assert server.paths == ["/v1/chat/completions"]


@pytest.mark.parametrize(
    "query",
    ["key=K3y9", "api_key=K3y9", "api-version=1&code=K3y9", "access_token=K3y9", "sig=K3y9", "subscription-key=K3y9"],
)
def test_what_may_be_a_key_is_not_taken_in_an_address(query: str):
    with pytest.raises(UsageError, match=r"address holds '[\w-]+', and only api-version") as caught:
        server_address(f"https://here/v1?{query}")
    assert "K3y9" not in str(caught.value)
    assert KEY in caught.value.do


@pytest.mark.parametrize("url", ["http://me:K3y9@here/v1", "http://K3y9@here/v1", "ftp://here/v1?key=K3y9"])
def test_a_password_in_an_address_is_not_taken_and_not_told(url: str):
    with pytest.raises(UsageError) as caught:
        server_address(url)
    assert "K3y9" not in str(caught.value)


# ---------------------------------------------------------------- the key


@pytest.mark.parametrize("typed", [SECRET, f" {SECRET}\r\n", f'"{SECRET}"', f"Bearer {SECRET}", f"bearer  {SECRET}\n"])
def test_what_is_copied_along_with_a_key_is_no_part_of_it(
    typed: str, server: Loopback, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(KEY, typed)
    asking(server).generate(noise(56, 56, 1))
    assert server.headers[-1]["Authorization"] == f"Bearer {SECRET}"


def in_base64(key: str, before: str = "", after: str = "") -> str:
    return base64.b64encode(f"{before}{key}{after}".encode()).decode()


ECHOES = {
    "whole": SECRET,
    "with its scheme": f"Bearer {SECRET}",
    "in capitals": SECRET.upper(),
    "in an address": quote(SECRET, safe=""),
    "in a form": quote_plus(SECRET),
    "in a page": html.escape(SECRET),
    "in JSON": SECRET.replace("/", "\\/"),
    "in hexadecimal": SECRET.encode().hex(),
    "in base64": in_base64(SECRET),
    "in base64 for addresses": in_base64(SECRET).replace("+", "-").replace("/", "_"),
    **{f"in base64 after {n} and before {m}": in_base64(SECRET, "u:"[:n], "zz"[:m]) for n in (1, 2) for m in (0, 1, 2)},
    "in basic authorization": f"Basic {in_base64(SECRET, 'user:')}",
}


def shows_key(text: str) -> bool:
    """Whether eight characters of the key in a row, or of one of its other forms, stand in a text."""
    forms = [SECRET, quote(SECRET, safe=""), SECRET.encode().hex(), in_base64(SECRET)]
    low = text.lower()
    return any(form[at : at + 8].lower() in low for form in forms for at in range(len(form) - 7))


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_every_form_of_a_key_is_hidden(echo: str):
    hidden = ApiKey(SECRET).hide({f"a {echo}": [f"x {echo} y", 5, None]})
    assert not shows_key(json.dumps(hidden))
    assert HIDDEN in json.dumps(hidden)


WHERE: dict[str, Any] = {
    "an answer": lambda echo: loopback.said({"choices": [{"message": {"content": f"A sign: {echo}."}}]}),
    "an answer in parts": lambda echo: loopback.said(
        {"choices": [{"message": {"content": ["A sign: ", echo[:9], echo[9:]]}, "finish_reason": "stop"}]}
    ),
    "a refusal": lambda echo: loopback.said({"choices": [{"message": {"content": None, "refusal": echo}}]}),
    "a finish reason": lambda echo: loopback.said({"choices": [{"message": {"content": ""}, "finish_reason": echo}]}),
    "an error": lambda echo: loopback.error(500, f"wrong key {echo}"),
    "an error behind 190 letters": lambda echo: loopback.error(500, f"{'x' * 150} {echo}"),
    "no JSON": lambda echo: loopback.raw(f"your key {echo}".encode()),
    "other JSON": lambda echo: loopback.said({"seen": {echo: [echo]}}),
    "a redirection": lambda echo: loopback.status(307, Location=f"https://elsewhere/{echo}"),
    "a page": lambda echo: lambda handler: handler.reply(401, f"<html>{echo}</html>".encode()),
    "no HTTP": lambda echo: lambda handler: handler.wfile.write(f"SSH {echo}\r\n".encode()),
}


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
@pytest.mark.parametrize("form", ["whole", "in an address", "in base64", "in basic authorization"])
def test_a_key_that_comes_back_is_kept_nowhere(
    form: str, where: Any, mmavk: Mmavk, server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(KEY, SECRET)
    server.always, server.models = where(ECHOES[form]), {"data": [{"id": f"model-{ECHOES[form]}"}]}
    noise(56, 56, 1).save(tmp_path / "a.png")
    line = ("generate", "--images", tmp_path, "--generator", "server", "--server-url", server.url, "--vlm", "tiny")
    done = mmavk(*line, "--retries", "0", "--store", tmp_path / "s", "--out", tmp_path / "run", "--verbose", "--json")
    shown = done.out + done.err
    assert not shows_key(shown)
    with Store(tmp_path / "s", read_only=True) as store:
        assert not any(shows_key(row.model_dump_json()) for row in store.rows())
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".png"]
    assert files
    assert not any(shows_key(path.read_bytes().decode("latin-1")) for path in files)


@pytest.mark.parametrize("key", ["none", "EMPTY", "ollama", "x"])
def test_a_word_in_place_of_a_key_is_left_in_texts(key: str):
    assert ApiKey(key).hide(f"It says {key} on the shirt.") == f"It says {key} on the shirt."
