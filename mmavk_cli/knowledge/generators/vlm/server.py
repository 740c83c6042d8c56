"""Any server that speaks OpenAI's chat API: vLLM, SGLang, Ollama, `transformers serve`."""

import base64
import io
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cached_property
from typing import TYPE_CHECKING

from mmavk_cli.base.errors import MissingError, UsageError
from mmavk_cli.base.records import Json
from mmavk_cli.base.settings import setting
from mmavk_cli.knowledge.generators.generator import View, Written
from mmavk_cli.knowledge.generators.vlm.chat_generator import ChatGenerator
from mmavk_cli.knowledge.generators.vlm.http_client import ChatClient, ServerFault, printable
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
        self._in_a_row = 0
        self._gone: MissingError | None = None
        self._judging = threading.Lock()
        self._reached = False

    @cached_property
    def recipe(self) -> Recipe:
        """All that decides what it writes, as far as a client can know."""
        model = (self.settings.vlm, self.settings.revision or "")
        decoding: Json = {"temperature": 0, "jpeg": QUALITY}
        return chat_recipe("server", self.settings, self.prompt, model, decoding)

    def room(self, tokens: int) -> int:  # noqa: ARG002
        """How many pictures are handed over together."""
        return ROUNDS * self.settings.concurrency

    def check(self) -> None:
        """Reach the server once, and look for the model among those it lists.

        Raises:
            MissingError: it is not there, or has no such model.
        """
        if self._reached:
            return
        advice = "Start one (`vllm serve MODEL`, `ollama serve`), and give its address with --server-url"
        try:
            served = self._client.models()
        except ServerFault as fault:
            raise MissingError(f"no chat server answers: {fault}", str(self.settings.server_url), advice) from None
        if served and not {self.settings.vlm, f"{self.settings.vlm}:latest"} & set(served):  # Ollama adds the tag
            shown = ", ".join(map(printable, served[:5]))
            raise MissingError(f"the server has no model {self.settings.vlm!r}", "--vlm", f"It has: {shown}")
        self._reached = True

    def write(self, views: Sequence[View]) -> Iterator[tuple[int, Written]]:
        """Each picture as its answer comes.

        Raises:
            MissingError: the server is not there, refuses, or has failed too many pictures in a row.
        """
        self.check()
        stopped = threading.Event()
        pool = ThreadPoolExecutor(self.settings.concurrency)
        try:
            places = {pool.submit(self._judged, view, stopped): place for place, view in enumerate(views)}
            for done in as_completed(places):
                found = done.result()
                if isinstance(found, Written):
                    yield places[done], found
                elif found is not None and not found.everywhere:  # else it says nothing about the picture
                    yield places[done], Written(None, f"server: {found}")
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
            self._in_a_row = 0 if isinstance(found, Written) else self._in_a_row + 1
            if isinstance(found, ServerFault) and (found.everywhere or self._in_a_row >= GIVE_UP):
                self._gone = self._gone or self._verdict(found)
                stopped.set()
        return found

    def _asked(self, view: View) -> Written | ServerFault:
        try:
            answer = self._client.ask(request(self.settings, self.prompt.text, view.image))
        except ServerFault as fault:
            return fault
        return self.written(answer.text, answer.ended, view, answer.tokens)

    def _verdict(self, fault: ServerFault) -> MissingError:
        if fault.everywhere:
            advice = "Check --server-url (most end in /v1), --vlm and its key"
            return MissingError(f"the server refuses: {fault}", str(self.settings.server_url), advice)
        what = f"the server failed {self._in_a_row} pictures in a row, at last: {fault}"
        return MissingError(what, str(self.settings.server_url), "Look at its log; then go on with --retry-failed")


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
