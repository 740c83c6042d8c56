"""What a Qwen2-VL will take in memory, worked out from its config.json before anything is loaded."""

import json
from dataclasses import dataclass
from pathlib import Path

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Json

FOUR_BIT = 0.5 + 0.13 / 8
"""Bytes a weight in nf4: 4 bits and, with double quantisation, 0.127 bits of scales (arXiv 2305.14314, section 3)."""

PROMPT_TOKENS = 220
"""Tokens of a prompt and the chat's frame, roughly; a shipped prompt has at most 200."""

RESERVE = 0.10
"""Share of the free memory that is left alone: fragments, the library's own workspaces."""

MOST = 32
"""Pictures a batch at most: beyond it a batch gains little, and a Ctrl-C waits for all of it."""

FIXED = 700_000_000
"""Bytes that CUDA, its libraries and the first kernels take before any weight."""

_LIVE_LAYERS = 4
"""Activations of a layer's widest part that are alive at once."""

QWEN2_VL_7B: Json = {
    "model_type": "qwen2_vl", "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
    "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064,
    "vision_config": {"depth": 32, "embed_dim": 1280, "hidden_size": 3584, "mlp_ratio": 4, "patch_size": 14},
}  # fmt: skip
"""Of Qwen2-VL-7B-Instruct's config.json what decides its size, for when the weights are not there to be asked."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes that a model takes. `language` counts the weights 4 bits can replace, `other` those it cannot."""

    language: int
    other: int
    weight_bytes: int
    cache_a_token: int
    work_a_token: int
    logits: int

    @classmethod
    def of(cls, config: Json, weight_bytes: int = 2) -> "Footprint":
        """From config.json, in the hub's flat layout or with `text_config`; weights of `weight_bytes` each.

        Raises:
            KeyError: it lacks a size.
        """
        text: Json = {**config, **config.get("text_config", {})}
        vision: Json = config.get("vision_config", {})
        width, inner, layers = text["hidden_size"], text["intermediate_size"], text["num_hidden_layers"]
        vocabulary = text["vocab_size"]
        narrow = width // text["num_attention_heads"] * text["num_key_value_heads"]
        language = layers * (2 * width * width + 2 * width * narrow + 3 * width * inner)
        sight, deep = vision.get("embed_dim", 1280), vision.get("depth", 32)
        ratio = vision.get("mlp_ratio", 4)
        patch = 2 * 3 * vision.get("patch_size", 14) ** 2 * sight  # two frames of three colours
        tower = patch + deep * int((4 + 2 * ratio) * sight * sight) + 16 * sight * sight + 4 * sight * width
        tied = bool(text.get("tie_word_embeddings"))
        return cls(
            language=language,
            other=tower + vocabulary * width * (1 if tied else 2),
            weight_bytes=weight_bytes,
            cache_a_token=2 * layers * narrow * weight_bytes,
            # a visual token is four patches in the tower, one token in the language model: the wider of the two
            work_a_token=weight_bytes * _LIVE_LAYERS * max(inner + width, 4 * int(ratio * sight)),
            logits=vocabulary * 4,
        )

    def weights(self, four_bit: bool) -> int:
        """Bytes of all weights."""
        return int(self.language * (FOUR_BIT if four_bit else self.weight_bytes)) + self.other * self.weight_bytes

    def cache(self, visual_tokens: int, new_tokens: int) -> int:
        """Bytes of one picture's KV cache when its text is complete."""
        return (visual_tokens + PROMPT_TOKENS + new_tokens) * self.cache_a_token

    def picture(self, visual_tokens: int, new_tokens: int) -> int:
        """Bytes that one more picture in a batch takes at its worst moment."""
        seen = visual_tokens + PROMPT_TOKENS
        return self.cache(visual_tokens, new_tokens) + seen * self.work_a_token + self.logits

    def batch(self, free: int, visual_tokens: int, new_tokens: int) -> int:
        """How many pictures go into `free` bytes when the weights are loaded; at least 1, at most `MOST`."""
        return max(1, min(MOST, int(free * (1 - RESERVE)) // self.picture(visual_tokens, new_tokens)))


def read_config(folder: Path) -> Json:
    """The config.json of a Qwen2-VL.

    Raises:
        MissingError: none there, broken, or of another kind of model.
    """
    path = folder / "config.json"
    advice = "Name a folder with a Qwen2-VL model, or its id on the hub"
    try:
        config = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MissingError("no model here (config.json)", str(folder), advice) from error
    except ValueError as error:
        raise MissingError(f"the model's config.json is broken: {error}", str(path), "Fetch it again") from error
    kind = config.get("model_type") if isinstance(config, dict) else None
    if kind != "qwen2_vl":
        raise MissingError(f"not a Qwen2-VL model but {kind!r}", str(path), advice)
    return dict(config)
