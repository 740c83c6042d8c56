"""Where a Qwen2-VL's files are, and which they are; nothing is loaded and nothing fetched."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.digest import SCHEME
from mmavk_cli.base.errors import MissingError, UsageError
from mmavk_cli.knowledge.generators.vlm.memory import read_config

SIZES = {
    "Qwen/Qwen2-VL-2B-Instruct": "4.4 GB",
    "Qwen/Qwen2-VL-7B-Instruct": "16.6 GB",
    "Qwen/Qwen2-VL-72B-Instruct": "147 GB",
}
"""What there is to fetch, by the files' sizes on the hub."""

_SAMPLE = 1 << 20
"""Bytes at each end of a weight file that its fingerprint is taken of: reading all of 16 GB would take a minute."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's folder, the name records give it, and its state: a commit, or a digest of its files."""

    folder: Path
    model: str
    revision: str


def find_weights(name: str, revision: str | None) -> Weights:
    """The files of a model: a folder, or the id of one that was fetched into the hub's cache.

    Raises:
        MissingError: they are not there or not all of them, with the command that fetches them. UsageError: a revision
        of a folder.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if revision:
            raise UsageError("a folder has no revisions", "--revision", "Leave it out, or name an id with --vlm")
        read_config(folder)
        _complete(folder, f"Copy the missing files into {folder}")
        return Weights(folder, folder.resolve().name, _fingerprint(folder))
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise MissingError("no such folder", name, "Name a folder with a Qwen2-VL model, or its id on the hub")
    fetch = _advice(name, revision)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError):
        raise MissingError("the weights are not on this machine", name, fetch) from None
    read_config(folder)
    _complete(folder, fetch)
    return Weights(folder, name, folder.name)


def _advice(name: str, revision: str | None) -> str:
    size = f" ({SIZES[name]})" if name in SIZES else ""
    return f"Fetch them{size}: hf download {name}{f' --revision {revision}' if revision else ''}"


def weight_files(folder: Path) -> list[str]:
    """The names of the files that hold the weights, as the folder's index has them; safetensors alone."""
    index = folder / "model.safetensors.index.json"
    try:
        return sorted({str(name) for name in json.loads(index.read_text("utf-8"))["weight_map"].values()})
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return ["model.safetensors"]


def _complete(folder: Path, advice: str) -> None:
    absent = [name for name in weight_files(folder) if not (folder / name).is_file()]
    tokenizer = [] if (folder / "tokenizer.json").is_file() else ["tokenizer.json"]
    if missing := absent + tokenizer:
        raise MissingError(f"files of the model are missing: {', '.join(missing[:4])}", str(folder), advice)


def _fingerprint(folder: Path) -> str:
    """A digest of a folder's settings and of its weight files' names, sizes and ends."""
    state = hashlib.new(SCHEME)
    for path in sorted(folder.glob("*.json")) + sorted(folder.glob("*.jinja")):
        state.update(f"{path.name}\0".encode() + path.read_bytes())
    for name in weight_files(folder):
        with (folder / name).open("rb") as handle:
            size = handle.seek(0, 2)
            state.update(f"{name}\0{size}\0".encode())
            for start in (0, max(0, size - _SAMPLE)):
                handle.seek(start)
                state.update(handle.read(_SAMPLE))
    return f"{SCHEME}:{state.hexdigest()}"
