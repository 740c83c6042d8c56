"""push: the model of a run → a repository on the hub; without --to-hub, what would go there."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import field_validator

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.records import Json
from mmavk_cli.base.redact_paths import portable
from mmavk_cli.base.run_record import RUN, SCORES, read_record, read_run
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.flows.push.hub_client import Place, upload
from mmavk_cli.flows.shared.cards import CARD, DATA_CARD
from mmavk_cli.flows.shared.models import open_model
from mmavk_cli.flows.shared.options import RUN_FOLDER, Printed
from mmavk_cli.flows.shared.progress import Progress
from mmavk_cli.flows.shared.seeds import seed_folders
from mmavk_cli.tagger.checkpoint import CONFIG, ENCODER, FROZEN, FROZEN_ONNX, HEAD, ONNX, model_folder
from mmavk_cli.tagger.encoders.registry import ENCODERS

RECORDS = (CARD, DATA_CARD, SCORES, RUN)
ENCODER_FILES = ("config.json", "*.safetensors", "*.safetensors.index.json")
MODEL = (
    CONFIG, HEAD, ONNX, FROZEN_ONNX,
    *(f"{folder}/{name}" for folder in (ENCODER, FROZEN) for name in ENCODER_FILES),
)  # fmt: skip
"""Beside what an encoder's cutter needs, all that is ever uploaded of a run's model; predictions and texts are none."""

REWRITTEN = {SCORES, RUN, CONFIG, "config.json"}
"""Names of records that may tell of places on this machine; they go without them."""


class PushSettings(Printed, Common):
    """Options of `mmavk push`."""

    run: Path = setting(..., RUN_FOLDER, here="Of a training, or an exported tagger.", argument=True)
    repository: str = setting(
        ..., "Repository on the hub; created if it does not exist.", argument=True, metavar="OWNER/NAME"
    )
    to_hub: bool = setting(False, "Upload; without it nothing leaves this machine.", "--to-hub", flag_only=True)
    private: bool = setting(True, "Only for the owner; a public repository is refused unless --no-private is given.")
    branch: str | None = setting(None, "Branch of the repository; created if it does not exist. [default: main]")
    endpoint: str | None = setting(None, "Address of another hub. [default: HF_ENDPOINT, else the public one]")

    @field_validator("repository")
    @classmethod
    def _is_id(cls, value: str) -> str:
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

        try:
            validate_repo_id(value)
        except HFValidationError as error:
            raise ValueError(f"{value!r} is not a repository name: OWNER/NAME, letters, digits, - _ .") from error
        if "/" not in value:
            raise ValueError(f"{value!r} has no owner: OWNER/{value}")
        return value

    @field_validator("endpoint")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://")):
            raise ValueError(f"{value!r} does not begin with https:// or http://")
        return value and value.rstrip("/")


@dataclass(frozen=True, slots=True)
class Push:
    """What goes to the hub, or went: each file with its bytes, what stays here, the card; `url` of the commit, None
    where nothing was uploaded.
    """

    repository: str
    private: bool
    files: dict[str, int]
    left_out: tuple[str, ...]
    card: str
    url: str | None
    notes: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """One JSON object."""
        names = ("repository", "private", "files", "card", "url")
        return {name: getattr(self, name) for name in names} | {"left_out": self.left_out, "notes": self.notes}


def push(settings: PushSettings, on_progress: Progress) -> Push:
    """Look at what would be uploaded; with `--to-hub`, upload it in one commit.

    Raises:
        DataError: no run with a model and a card, or a card that the hub refuses. UsageError: a folder of several
        seeds, no such owner, a public repository. MissingError: the model does not load, there is no token, or the hub
        cannot be reached or does not let it write.
    """
    sources = packed(settings.run)
    files = {name: _public(path) for name, path in sources.items()}
    url: str | None = None
    notes: tuple[str, ...] = ()
    if settings.to_hub:
        place = Place(settings.repository, settings.private, settings.branch, settings.endpoint)
        url, notes = upload(files, place, ours, settings.run.resolve().name, on_progress)
    sizes = {name: _size(one) for name, one in files.items()}
    here = (path for path in settings.run.rglob("*") if path.is_file() and path not in sources.values())
    stays = tuple(sorted(path.relative_to(settings.run).as_posix() for path in here))
    card = sources[CARD].read_text("utf-8", "replace")
    return Push(settings.repository, settings.private, sizes, stays, card, url, notes)


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def packed(run: Path) -> dict[str, Path]:
    """What goes to the hub, by its name there: the model's files at the top, beside card and records.

    Raises:
        UsageError: `run` holds several seeds. DataError: it is no training or export, or has no card. MissingError: a
        file of the model is not there, or broken.
    """
    if not (run / RUN).is_file() and (seeds := seed_folders(run)):
        raise UsageError("the folder contains several models", str(run), f"Name one: {next(iter(seeds.values()))}")
    read_run(run, "train", "export")
    if not (run / CARD).is_file():
        raise DataError("the run has no card", str(run / CARD), f"Make it: mmavk card {run}")
    open_model(str(run), device="cpu")
    model = model_folder(run)
    found = {
        path.relative_to(model).as_posix(): path for pattern in _patterns() for path in sorted(model.glob(pattern))
    }
    found |= {name: run / name for name in RECORDS if (run / name).is_file()}
    return dict(sorted(found.items()))


def ours(name: str) -> bool:
    """Whether a name on the hub is one that `mmavk push` gives, so that what is no longer there may be removed."""
    path = PurePosixPath(name)
    return name in RECORDS or any(path.match(one) for one in _patterns() if len(path.parts) == one.count("/") + 1)


def _patterns() -> tuple[str, ...]:
    """Names of a model's files, whatever kind of encoder it has."""
    return (*MODEL, *(name for kind in ENCODERS.values() for name in kind.cutter_files))


def _public(path: Path) -> Path | bytes:
    if path.name not in REWRITTEN:
        return path
    return (json.dumps(portable(read_record(path)), indent=2, ensure_ascii=False) + "\n").encode()
