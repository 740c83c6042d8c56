"""Any server that speaks OpenAI's chat API: vLLM, SGLang, Ollama, `transformers serve`."""

import base64
import io
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from mmavk_cli.base.errors import MissingError, UsageError
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import setting
from mmavk_cli.knowledge.generators.generator import View, Written
from mmavk_cli.knowledge.generators.vlm.chat_client import ChatClient
from mmavk_cli.knowledge.generators.vlm.chat_generator import ChatGenerator
from mmavk_cli.knowledge.generators.vlm.chat_response import NoAnswer
from mmavk_cli.knowledge.generators.vlm.server_fault import ADVICE, ServerFault, printable
from mmavk_cli.knowledge.generators.vlm.settings import ChatSettings, chat_recipe
from mmavk_cli.store.recipe import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY = 95
"""Of the JPEG that is sent: what is lost is not seen."""

ROUNDS = 4
"""Pictures a batch for each request at once: the server never waits for us, and a Ctrl-C not long for it."""

GIVE_UP = 8
"""Pictures in a row that may fail after all retries before the server is taken for gone."""

REFUSALS = 3
"""Pictures that a server may refuse, none answered, before it is asked about a plain one."""

PLAIN = (112, 112)
"""Width and height of the plain picture: nothing in it can be refused, and every server takes the size."""

USUAL_PATH = "/v1"

_LISTED = 5
"""Models of a server's list that are told."""


class ServerSettings(ChatSettings):
    """Which server, and how hard it is pressed."""

    server_url: str | None = setting(
        None,
        "Address of the server for --generator server, like http://localhost:8000/v1. Its key: MMAVK_API_KEY.",
        metavar="URL",
    )
    concurrency: int = setting(8, "Concurrent requests to the server.", ge=1, le=256)
    timeout_s: float = setting(120.0, "Timeout of a request to the server, in seconds.", gt=0)
    retries: int = setting(4, "How often a failed request is retried.", ge=0, le=20)


class ServerGenerator(ChatGenerator[ServerSettings]):
    """Asks a server about pictures, several at once. It gets a picture and the prompt, never a post."""

    def __init__(self, settings: ServerSettings) -> None:
        """Raises UsageError where there is no address."""
        if settings.server_url is None:
            raise UsageError(
                "--generator server needs the address of one", "--server-url", "Like http://localhost:8000/v1"
            )
        super().__init__(settings)
        self._client = ChatClient(settings.server_url, settings.timeout_s, settings.retries)
        self._in_a_row = self._refusals = 0
        self._answers = False
        self._gone: MissingError | None = None
        self._judging = threading.Lock()
        self._reached = False
        self._listed: list[str] = []

    @cached_property
    def recipe(self) -> Recipe:
        """All that decides what it writes, as far as a client can know."""
        model = (self.settings.vlm, self.settings.revision or "")
        decoding: Json = {"temperature": 0, "jpeg": QUALITY}
        return chat_recipe("server", self.settings, self.prompt, model, decoding)

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of how the server was asked."""
        found = []
        if not self._is_listed():
            listed = ", ".join(map(printable, self._listed[:_LISTED]))
            found.append(f"the server does not list the model {self.settings.vlm!r} (it lists {listed})")
        if left_out := self._client.left_out:
            found.append(f"the server does not take {' and '.join(left_out)}: the request was sent without")
        return tuple(found)

    def room(self, tokens: int) -> int:  # noqa: ARG002
        """How many pictures are handed over together."""
        return ROUNDS * self.settings.concurrency

    def check(self) -> None:
        """Reach the server once. What models it lists is a hint: many take names that they do not list.

        Raises:
            MissingError: it is not there, or is no chat server.
        """
        if self._reached:
            return
        try:
            self._listed = self._client.models() or []
        except ServerFault as fault:
            if fault.kind:
                raise self._verdict(fault) from None
            advice = "Start one (`vllm serve MODEL`, `ollama serve`), and give its address with --server-url"
            raise MissingError(f"no chat server answers: {fault}", str(self.settings.server_url), advice) from None
        self._reached = True

    def _is_listed(self) -> bool:
        names = {self.settings.vlm, f"{self.settings.vlm}:latest"}  # Ollama adds the tag
        wildcards = any(fnmatchcase(self.settings.vlm, one) for one in self._listed)  # LiteLLM lists `openai/*`
        return not self._listed or wildcards or bool(names & set(self._listed))

    def write(self, views: Sequence[View]) -> Iterator[tuple[int, Written]]:
        """Each picture as its answer comes.

        Raises:
            MissingError: the server is not there, refuses, or has failed too many pictures in a row.
        """
        self.check()
        stopped = threading.Event()
        pool = ThreadPoolExecutor(self.settings.concurrency)
        refused: list[tuple[int, ServerFault]] = []
        try:
            places = {pool.submit(self._judged, view, stopped): place for place, view in enumerate(views)}
            for done in as_completed(places):
                place, found = places[done], done.result()
                if isinstance(found, Written):
                    yield place, found
                elif found is not None and found.refused:
                    refused.append((place, found))  # the picture's fault only where the server takes others
                elif found is not None and not found.everywhere:
                    yield place, _failed(found)
            if refused and not self._answers and self._gone is None:
                self._ask_plain(refused[0][1])
            if self._answers:
                yield from ((place, _failed(fault)) for place, fault in refused)
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
        if self._gone is not None:
            raise self._gone

    def abort(self) -> None:
        """Break off what is under way."""
        self._client.stop()

    def _judged(self, view: View, stopped: threading.Event) -> Written | ServerFault | None:
        """What came of one picture; None once no further one is to be asked about. The thread that sees the server
        fail says so itself, before it could send another request.
        """
        if stopped.is_set():
            return None
        found = self._asked(view)
        with self._judging:
            if isinstance(found, Written):
                self._in_a_row, self._answers = 0, True
            elif self._gone is None:
                self._count(found)
            if self._gone is not None:
                stopped.set()
        return found

    def _count(self, fault: ServerFault) -> None:
        self._in_a_row += 1
        self._refusals += fault.refused
        if fault.refused and not self._answers and self._refusals >= REFUSALS:
            self._ask_plain(fault)
        elif fault.everywhere or self._in_a_row >= GIVE_UP:
            self._gone = self._verdict(fault)

    def _ask_plain(self, fault: ServerFault) -> None:
        """See whether the server takes a request at all, after it refused pictures: one that cannot be at fault tells
        them apart from what every request would get.
        """
        from PIL import Image

        found = self._asked(View(Image.new("RGB", PLAIN, "white")))
        self._answers = isinstance(found, Written)
        if not self._answers:
            fault.everywhere = True
            self._gone = self._verdict(fault)

    def _asked(self, view: View) -> Written | ServerFault:
        try:
            answer = self._client.ask(request(self.settings, self.prompt.text, view.image))
        except ServerFault as fault:
            return fault
        except NoAnswer as reason:
            return Written(None, str(reason), {"visual_tokens": view.tokens})
        written = self.written(answer.output, answer.ended, view, answer.tokens)
        if left_out := self._client.left_out:
            return replace(written, details=written.details | {"left_out": list(left_out)})
        return written

    def _verdict(self, fault: ServerFault) -> MissingError:
        where, advice = str(self.settings.server_url), ADVICE[fault.kind]
        if fault.kind == "address" and (near := self._near_address()):
            advice = f"Try {near}, or see under which path it has chat/completions"
        elif fault.kind == "model" and self._listed:
            advice += f"; it lists {', '.join(map(printable, self._listed[:_LISTED]))}"
        if fault.kind == "address" and fault.status is None:
            return MissingError(f"this is no chat API: {fault}", where, advice)
        if fault.everywhere:
            return MissingError(f"the server refuses: {fault}", where, advice)
        return MissingError(f"the server failed {self._in_a_row} pictures in a row, at last: {fault}", where, advice)

    def _near_address(self) -> str:
        """Where the API is most likely, if it is not where it was looked for; empty where it is looked for there."""
        path = self._client.address.path
        return "" if path.endswith(USUAL_PATH) else self._client.address.with_path(path + USUAL_PATH)


def _failed(fault: ServerFault) -> Written:
    return Written(None, f"server: {fault}")


def request(settings: ChatSettings, prompt: str, image: "Image") -> Json:
    """The request about one picture; nothing goes in but prompt and picture."""
    data, image = io.BytesIO(), image.copy()
    image.info = {}  # Pillow would send the file's own comment along
    image.save(data, "JPEG", quality=QUALITY)
    url = f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": prompt}]
    return {
        "model": settings.vlm,
        "messages": [{"role": "user", "content": content}],
        "max_tokens": settings.max_new_tokens,
        "temperature": 0,
    }
