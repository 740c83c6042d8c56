"""data fetch: the authors' public repository → the texts of a data set in the data folder, checked byte for byte."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from mmavk_cli import __version__
from mmavk_cli.base.digest import SCHEME, digest_file
from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.paths import data_root
from mmavk_cli.base.settings import Common, DataFolder, setting
from mmavk_cli.corpus.public_datasets import BASE, RELEASES, Release
from mmavk_cli.flows.shared.options import DATASET, Printed
from mmavk_cli.flows.shared.progress import Progress

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

TIMEOUT = 30.0
"""Seconds without a byte before a connection is given up."""

LIMIT = 16 * 1024 * 1024
"""Bytes a file may have; the largest of the release has 670,884."""

AGAIN = "Run the command again; files that are there are not fetched again"


class DataFetchSettings(Printed, DataFolder, Common):
    """Options of `mmavk data fetch`."""

    dataset: str = setting(..., DATASET, here=f"One of: {', '.join(RELEASES)}.", argument=True, metavar="NAME")
    mirror: str = setting(BASE, "Address to fetch from: MIRROR/NAME/train.txt and so on.", metavar="URL")


@dataclass(frozen=True, slots=True)
class Fetched:
    """The data set's files and which of them were there already; what its authors say is in `release`."""

    folder: Path
    files: dict[str, Path]
    kept: tuple[str, ...]
    release: Release


def data_fetch(settings: DataFetchSettings, on_progress: Progress) -> Fetched:
    """Bring the three files; one that is there and right is kept, so that a broken fetch can be run again.

    Raises:
        UsageError: a data set that is not known, a URL that is not http or https.
        DataError: the network or the server failed, other bytes came, or the file exists and its checksum differs.
    """
    release = RELEASES.get(settings.dataset)
    if release is None:
        raise UsageError(f"no data set {settings.dataset!r} can be fetched", "NAME", f"Known: {', '.join(RELEASES)}")
    if not _is_web(settings.mirror):
        raise UsageError(f"{settings.mirror!r} is not an http or https address", "--mirror", "Give one")
    folder = data_root(settings.data_dir) / settings.dataset
    files = {split: folder / f"{split}.txt" for split in release.sha256}
    kept = tuple(split for split, path in files.items() if _is_there(path, release.sha256[split]))
    on_progress(len(kept), len(files))
    done = len(kept)
    for split, path in files.items():
        if split not in kept:
            url = f"{settings.mirror.rstrip('/')}/{settings.dataset}/{split}.txt"
            data = _checked(_download(url), release.sha256[split], url)
            with atomic_write(path) as handle:
                handle.write(data.decode("utf-8"))
            on_progress(done := done + 1, len(files))
    return Fetched(folder, files, kept, release)


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_there(path: Path, sha256: str) -> bool:
    try:
        found = digest_file(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DataError(f"cannot read: {error.strerror}", str(path), "Move it away") from error
    if found != f"{SCHEME}:{sha256}":
        raise DataError(
            "the file exists and its checksum differs", str(path), "Move it away, or fetch with another --data-dir"
        )
    return True


def _checked(data: bytes, sha256: str, url: str) -> bytes:
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        what = f"not the released file: {len(data)} bytes with SHA-256 {found} instead of {sha256}"
        raise DataError(what, url, "Nothing was written; check --mirror")
    return data


def _download(url: str) -> bytes:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    asked = Request(url, headers={"User-Agent": f"mmavk/{__version__}"})  # noqa: S310 (the scheme was checked)
    try:
        with _opener().open(asked, timeout=TIMEOUT) as response:
            return _body(response, response.headers.get("Content-Length"), url)
    except HTTPError as error:
        with error:
            raise DataError(f"the server answered {error.code} {error.reason}", url, "Check --mirror") from error
    except URLError as error:
        raise DataError(f"cannot be reached: {error.reason}", url, f"Check the network. {AGAIN}") from error
    except (OSError, HTTPException) as error:  # after the answer began: a reset, a time-out
        raise DataError(f"the connection broke: {error or type(error).__name__}", url, AGAIN) from error


def _body(response: IO[bytes], length: str | None, url: str) -> bytes:
    data = response.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise DataError(f"more than {LIMIT} bytes came", url, "Check --mirror")
    if length is not None and length.isdecimal() and len(data) < int(length):
        raise DataError(f"the connection broke after {len(data)} of {length} bytes", url, AGAIN)
    return data


def _opener() -> "OpenerDirector":
    """An opener of http and https alone, redirections included: no file:, ftp: or data:."""
    from urllib import request

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.UnknownHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPRedirectHandler,
        request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener
