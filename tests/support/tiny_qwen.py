"""A Qwen2-VL with a few thousand random weights, made in memory and saved: the real classes, no download."""

import json
from pathlib import Path
from typing import Any

SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip

CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

WIDTH = 64
"""Four heads of 16 numbers."""


def save_tiny(folder: Path, ends: bool = True, seed: int = 0, width: int = WIDTH) -> Path:
    """Write the model with its processor; without `ends` it cannot end a text."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import (
        Qwen2TokenizerFast,
        Qwen2VLConfig,
        Qwen2VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    letters = Tokenizer(models.BPE())
    letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    letters.train_from_iterator(["a picture of a sign"], trainer)
    tokenizer = Qwen2TokenizerFast(
        tokenizer_object=letters, eos_token="<|im_end|>", pad_token="<|endoftext|>", additional_special_tokens=SPECIAL
    )
    ids = dict(zip(SPECIAL, tokenizer.convert_tokens_to_ids(SPECIAL), strict=True))
    rope = [width // 32, 3 * width // 64, 3 * width // 64]
    text = {
        "hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": len(tokenizer), "max_position_embeddings": 8192,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": rope},
        "bos_token_id": ids["<|endoftext|>"], "eos_token_id": ids["<|im_end|>"], "pad_token_id": ids["<|endoftext|>"],
    }  # fmt: skip
    sight = {
        "depth": 2, "embed_dim": width // 2, "hidden_size": width, "num_heads": 2, "mlp_ratio": 2, "patch_size": 14,
        "spatial_merge_size": 2, "temporal_patch_size": 2,
    }  # fmt: skip
    config = Qwen2VLConfig(
        text_config=text, vision_config=sight, image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
    )  # fmt: skip
    torch.manual_seed(seed)
    model = Qwen2VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = ids["<|im_end|>"] if ends else ids["<|video_pad|>"]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    if ends:  # bytes and the end of a text come up often enough for both to be seen
        model.lm_head.weight.data[ids["<|im_end|>"]] *= 3
    model.save_pretrained(folder)
    processor = Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(), tokenizer=tokenizer, video_processor=Qwen2VLVideoProcessor(),
        chat_template=CHAT,
    )  # fmt: skip
    processor.save_pretrained(folder)
    return folder


def save_as_on_the_hub(source: Path, folder: Path, tied: bool = False) -> Path:
    """The model of `source` in the layout in which Qwen2-VL was published: a flat config with `rope_scaling`, older
    names of tensors in two files with an index, the chat template and what makes it sample in files of their own.

    With `tied` there is no output layer, as in the 2B: the embeddings stand for it.
    """
    from safetensors.torch import load_file, save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((source / "config.json").read_text("utf-8"))
    text: dict[str, Any] = config.pop("text_config")
    rope = text.pop("rope_parameters")
    sight = {name: config["vision_config"][name] for name in ("depth", "embed_dim", "hidden_size", "num_heads",
             "mlp_ratio", "patch_size", "spatial_merge_size", "temporal_patch_size")}  # fmt: skip
    text = {name: value for name, value in text.items() if name not in {"model_type", "layer_types", "dtype"}}
    flat = config | text | {
        "torch_dtype": "float32", "tie_word_embeddings": tied, "transformers_version": "4.41.2",
        "rope_theta": rope["rope_theta"], "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]},
        "sliding_window": 32768, "use_sliding_window": False, "max_window_layers": text["num_hidden_layers"],
        "vision_config": sight | {"in_chans": 3, "spatial_patch_size": sight["patch_size"]},
    }  # fmt: skip
    del flat["dtype"]
    _write(folder / "config.json", flat)

    tensors = {
        name.replace("model.visual.", "visual.").replace("model.language_model.", "model."): tensor
        for name, tensor in load_file(source / "model.safetensors").items()
        if not (tied and name == "lm_head.weight")
    }
    files = {name: f"model-0000{1 + name.startswith('visual.')}-of-00002.safetensors" for name in tensors}
    for file in set(files.values()):
        held = {name: tensor for name, tensor in tensors.items() if files[name] == file}
        save_file(held, folder / file, metadata={"format": "pt"})
    _write(folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": files})

    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((source / name).read_bytes())
    ends = json.loads((source / "generation_config.json").read_text("utf-8"))
    stops = [ends["eos_token_id"], ends["pad_token_id"]]
    _write(folder / "generation_config.json", ends | {"do_sample": True, "top_k": 1, "eos_token_id": stops})
    _write(folder / "chat_template.json", {"chat_template": CHAT})
    _write(folder / "preprocessor_config.json", {
        "min_pixels": 3136, "max_pixels": 12845056, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2VLProcessor",
    })  # fmt: skip
    return folder


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), "utf-8")
