"""Which CLIP, and where its files are. Loads neither torch nor open_clip: what is scored already needs no model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mmavk_cli.base.device import DeviceChoice
from mmavk_cli.base.digest import digest_file, short
from mmavk_cli.base.errors import MissingError, UsageError
from mmavk_cli.base.settings import Settings, StorePlace, setting

CONFIG = "open_clip_config.json"
WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors", "model.safetensors")
"""The names open_clip gives to the weights beside a settings file, the likeliest first."""

SAFE = ".safetensors"

REPOSITORIES = {"ViT-B-32/openai": "timm/vit_base_patch32_clip_224.openai"}
"""Where on the hub the paper's weights are; open_clip knows it too, but takes seconds to be asked."""

SMALLER = "Take a smaller CLIP, or --device cpu"
"""What to do where memory is too short for one."""

TEXT, CLIP = "text", "clip"
"""Who scores: the text scorer, or a CLIP."""

Scorer = Literal["clip", "text"]


SCORER = (
    "What measures how related a post and its picture are: `text` compares the post with the knowledge, `clip` with "
    "the picture; CLIP's scores are kept in the store (mmavk score writes them, and mmavk tag those that are missing)."
)
"""What `--scorer` means."""


LIBRARY = "open_clip_torch"
"""The package that runs CLIP."""


class ClipChoice(Settings):
    """Which CLIP scores."""

    clip: str = setting(
        "ViT-B-32/openai",
        "CLIP: a model and tag of open_clip, a model alone with --clip-weights, or a folder open_clip saved.",
    )
    clip_weights: Path | None = setting(None, "Weights (.safetensors) in place of those of the tag or the folder.")


class ScorerChoice(ClipChoice, StorePlace):
    """Whose similarities a gate reads."""

    scorer: Scorer | None = setting(
        None, SCORER, here="[default: the model's own, else text; for mmavk tag the profile's]"
    )


class ClipSettings(ClipChoice, DeviceChoice):
    """Which CLIP scores, and how it runs."""

    clip_precision: Literal["auto", "float32", "float16"] = setting(
        "auto", "Precision of CLIP; auto: that of the scores in the store, else float16 on a GPU and float32 without."
    )
    clip_batch: int = setting(32, "Pictures or texts in one forward pass of CLIP; halved when memory runs out.", ge=1)
    workers: int = setting(0, "Threads that read, decode and resize pictures. [default: one per core]", ge=0)


def check_for_pictures(scorer: str | None) -> None:
    """Whoever was asked to score can do so where a model takes CLIP's features of a picture in place of a text.

    Raises:
        UsageError: it is the text scorer.
    """
    if scorer == TEXT:
        what = "the model takes CLIP's features of a picture, so there is no text to compare"
        raise UsageError(what, "--scorer", "Leave it out, or say clip")


@dataclass(frozen=True, slots=True)
class ClipSource:
    """A CLIP by its files. `tag` is empty where there is none; `weights` None: those of the tag, from the hub's cache.

    `name` is what people and the store call it; where files are given it holds the first digits of their digest.
    """

    model: str
    tag: str
    folder: Path | None
    weights: Path | None
    name: str


def clip_source(choice: ClipChoice) -> ClipSource:
    """What `--clip` and `--clip-weights` name.

    Raises:
        UsageError: neither tag nor weights, or weights that are not safetensors. MissingError: a file is not there.
    """
    folder = Path(choice.clip).expanduser()
    if folder.is_dir():
        weights = choice.clip_weights or _weights_in(folder)
        config = folder / CONFIG
        if not config.is_file():
            advice = "Name a folder that open_clip saved, or a model and tag: ViT-B-32/openai"
            raise MissingError(f"there is no {CONFIG} in the folder", str(folder), advice)
        made_of = f"{short(digest_file(config), 6)}{short(_digest(weights), 6)}"
        return ClipSource(folder.resolve().name, "", folder, weights, f"{folder.resolve().name}@{made_of}")
    model, _, tag = choice.clip.partition("/")
    if meant := open_clip_name(choice.clip, tagged=choice.clip_weights is None):
        no_tag = f"{choice.clip!r} is neither a folder nor a model with a tag"
        what = f"open_clip spells {choice.clip!r} in another way" if "/" in choice.clip else no_tag
        raise UsageError(what, "--clip", f"Did you mean {meant}?")
    if choice.clip_weights is None:
        if not tag or tag.startswith(".") or model in {"", ".", "..", "~"}:
            what = f"{choice.clip!r} is neither a folder nor a model with a tag"
            raise UsageError(what, "--clip", "Write MODEL/TAG as in ViT-B-32/openai, or add --clip-weights FILE")
        return ClipSource(model, tag, None, None, choice.clip)
    return ClipSource(
        model, tag, None, choice.clip_weights, f"{choice.clip}@{short(_digest(choice.clip_weights))}"
    )  # fmt: skip


def open_clip_name(written: str, *, tagged: bool) -> str | None:
    """What open_clip calls a CLIP that is named as OpenAI (`ViT-B/32`), the hub (`openai/clip-vit-base-patch32`) or
    nobody's tag (`ViT-B-32`) does; None where it is named in open_clip's way, or is unknown here.

    Args:
        written: what was typed.
        tagged: the name needs a tag, which says the weights.
    """
    tag = ""
    if found := re.fullmatch(r"vit-(\w+)/(\d+)(?:@(\d+)(?:px)?)?(?:/([\w-]+))?", written, re.IGNORECASE):
        kind, *sizes, tag = found.groups()
        kind = kind if kind.lower() in {"g", "bigg"} else kind.upper()
    elif found := re.fullmatch(r"openai/clip-vit-(base|large)-patch(\d+)(?:-(\d+))?", written, re.IGNORECASE):
        kind, *sizes = found[1][0].upper(), found[2], found[3]
    elif found := re.fullmatch(r"laion/clip-vit-(\w+)-(\d+)()-([\w-]+)", written, re.IGNORECASE):
        kind, *sizes, tag = found.groups()
        tag = tag.lower().replace("-", "_")
    elif tagged and (found := re.fullmatch(r"(?:vit-\w+-\d+(?:-\d+)?|rn\d+(?:x\d+)?)", written, re.IGNORECASE)):
        return f"{written}/openai"
    else:
        return None
    name = "-".join(("ViT", kind, *(size for size in sizes if size)))
    return f"{name}/{tag or 'openai'}" if tagged else name


def _weights_in(folder: Path) -> Path:
    for name in WEIGHTS:
        if (folder / name).is_file():
            return folder / name
    raise MissingError(f"there is no {WEIGHTS[0]} in the folder", str(folder), "Put the weights there as safetensors")


def _digest(weights: Path) -> str:
    if weights.suffix != SAFE:
        what = f"the weights are not a {SAFE} file; other kinds can hold programs and are not read"
        raise UsageError(what, str(weights), "Convert them: safetensors.torch.save_file(state_dict, FILE)")
    try:
        return digest_file(weights)
    except OSError as error:
        raise MissingError(f"cannot read the weights: {error.strerror}", str(weights), "Check the path") from error


def in_cache(repository: str, names: Sequence[str]) -> Path | None:
    """The first of these files that is in the hub's cache, where `hf download` puts them; None where none is."""
    from huggingface_hub import try_to_load_from_cache

    found = (try_to_load_from_cache(repository, name) for name in names)
    return next((Path(one) for one in found if isinstance(one, str)), None)
