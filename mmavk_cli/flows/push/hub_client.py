"""The hub: files into a repository in one commit, by huggingface_hub, and what each of its refusals means."""

import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmavk_cli import __version__
from mmavk_cli.base.errors import DataError, MissingError, MmavkError, UsageError
from mmavk_cli.flows.shared.interrupts import Stop, stoppable
from mmavk_cli.flows.shared.progress import Progress

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MEGA = 1_000_000
SMALL = MEGA
"""Bytes of a file up to which nobody needs to see it go."""

AGAIN = "The repository has all of it or nothing; the same command again sends only what is missing"

REFUSALS: dict[int, tuple[type[MmavkError], str, str]] = {
    400: (DataError, "the hub refuses a file", "Mend what it says and try again"),
    401: (MissingError, "the hub does not take the token", "Check HF_TOKEN, or log in: hf auth login"),
    403: (MissingError, "the token may not write there", "Take a token that may, or another OWNER"),
    404: (UsageError, "the hub has no such place", "Check OWNER/NAME, --branch and --endpoint"),
}
"""Answers of the hub that the user can do something about; all others are the hub's own."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to: the repository and its branch, whether it has to be private, on which hub (None: the usual)."""

    repository: str
    private: bool
    revision: str | None = None
    endpoint: str | None = None


def upload(
    files: Mapping[str, Path | bytes], place: Place, ours: Callable[[str], bool], name: str, on_progress: Progress
) -> tuple[str, tuple[str, ...]]:
    """Upload files by their names there, in one commit that also removes those that `ours` names and that are no
    longer among them; the commit's address, and what the hub remarks.

    Args:
        files: name in the repository → file or content.
        place: repository, branch and address of the hub.
        ours: whether a file in the repository is one that we write, and may be deleted.
        name: of the run, for the message of the commit.
        on_progress: is called with megabytes sent.

    Raises:
        MissingError: no token, no hub, or one that does not let it write. UsageError: no such owner, or a public
        repository where it has to be private. DataError: the hub refuses the card.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    with _explained(place), warnings.catch_warnings(record=True) as remarks, ExitStack() as stack:
        api = _api(place)
        there = _repository(api, place)
        warnings.simplefilter("always")
        sent = _Sent(on_progress)
        operations: list[Any] = [CommitOperationDelete(one) for one in there if ours(one) and one not in files]
        for target, content in files.items():
            large = isinstance(content, Path) and content.stat().st_size > SMALL
            source = stack.enter_context(sent.file(content)) if large else content  # type: ignore[arg-type]
            operations.append(CommitOperationAdd(target, source))
        message = f"{name}, by mmavk {__version__}"
        with sent.going():
            done = api.create_commit(place.repository, operations, commit_message=message, revision=place.revision)
    return done.commit_url, tuple(str(one.message) for one in remarks if issubclass(one.category, UserWarning))


def _api(place: Place) -> "HfApi":
    """The hub with the user's token, by plain HTTP (docs/decisions.md), telling nobody what this machine has."""
    from huggingface_hub import HfApi, constants, get_token
    from huggingface_hub.utils.tqdm import disable_progress_bars

    constants.HF_HUB_DISABLE_TELEMETRY = constants.HF_HUB_DISABLE_XET = True
    disable_progress_bars()
    token = get_token()
    if token is None:
        raise MissingError("no Hugging Face token", "HF_TOKEN", "Set HF_TOKEN, or log in: hf auth login")
    if not (token.isascii() and token.isprintable()):
        what = "the Hugging Face token has letters that cannot be sent"
        raise UsageError(what, "HF_TOKEN", "Copy it again, in one line")
    return HfApi(endpoint=place.endpoint, token=token, library_name="mmavk", library_version=__version__)


def _repository(api: "HfApi", place: Place) -> list[str]:
    """The names of the files in the repository and branch, both made where they are not there.

    Raises:
        UsageError: it is public and has to be private.
    """
    from huggingface_hub.errors import RevisionNotFoundError

    api.create_repo(place.repository, private=place.private, exist_ok=True)
    found = api.model_info(place.repository)
    if place.private and not found.private:
        raise UsageError("the repository exists and is public", place.repository, "Say --no-private, or name another")
    if place.revision:
        try:
            found = api.model_info(place.repository, revision=place.revision)
        except RevisionNotFoundError:
            api.create_branch(place.repository, branch=place.revision)
    return [one.rfilename for one in found.siblings or ()]


class _Sent:
    """How much of the large files has gone; several go at once, in threads of huggingface_hub."""

    def __init__(self, on_progress: Progress) -> None:
        self._on_progress, self._files, self._stop = on_progress, list[_Read](), Stop()
        self._going = False

    def file(self, path: Path) -> "_Read":
        self._files.append(_Read(io.FileIO(path), self._moved))
        return self._files[-1]

    @contextmanager
    def going(self) -> Iterator[None]:
        """What is read inside the block is sent; before, it was digested. Ctrl-C ends the threads too, which would
        send their files to the end otherwise.
        """
        for one in self._files:
            one.furthest = 0
        with stoppable(lambda: None) as self._stop:
            self._going = True
            try:
                yield
            except Exception as error:
                if self._stop.wanted:
                    raise KeyboardInterrupt from error
                raise

    def _moved(self) -> None:
        if self._stop.wanted:
            raise InterruptedError("stopped")
        if self._going:
            sizes = sum(one.size for one in self._files)
            self._on_progress(sum(one.furthest for one in self._files) // MEGA, sizes // MEGA)


class _Read(io.BufferedReader):
    def __init__(self, raw: io.FileIO, moved: Callable[[], None]) -> None:
        super().__init__(raw)
        self._moved, self.furthest, self.size = moved, 0, Path(str(raw.name)).stat().st_size

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.furthest = max(self.furthest, self.tell())
        self._moved()
        return data


@contextmanager
def _explained(place: Place) -> Iterator[None]:
    """What goes wrong between here and the hub, as errors that say what to do."""
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # of httpx or httpx2, as it speaks

    try:
        yield
    except (HTTPError, OSError, RuntimeError, ValueError) as error:
        raise _meant(error, place) from error


def _meant(error: BaseException, place: Place) -> MmavkError:
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return MissingError("HF_HUB_OFFLINE is set: no network is to be used", place.repository, "Unset it")
    if not isinstance(error, HfHubHTTPError):
        return _unreachable(error, place)
    status = error.response.status_code
    kind, what, advice = REFUSALS.get(status, (MissingError, f"the hub fails ({status})", f"Try again later. {AGAIN}"))
    return kind(f"{what}{_first_line(error.server_message or '')}", place.repository, advice)


def _unreachable(error: BaseException, place: Place) -> MmavkError:
    if isinstance(error, ValueError):
        if "README.md" in str(error):
            return DataError(f"the hub refuses the card{_first_line(str(error))}", place.repository, "Fix README.md")
        what = "the server is not a hub"
        return MissingError(f"{what}{_first_line(str(error))}", place.endpoint or place.repository, "Check --endpoint")
    what = str(error).rstrip(".") if isinstance(error, RuntimeError) else "the hub cannot be reached"
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
    reason = _first_line(str(cause) or type(cause).__name__)
    return MissingError(f"{what}{reason}", place.endpoint or place.repository, f"Check the network. {AGAIN}")


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f": {' '.join(lines)[:200]}" if lines else ""
