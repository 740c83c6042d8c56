"""What can write about a picture, by name."""

from collections.abc import Callable

from mmavk_cli.base.errors import UsageError
from mmavk_cli.base.suggest import near
from mmavk_cli.knowledge.generators.echo import EchoGenerator
from mmavk_cli.knowledge.generators.generator import Generator
from mmavk_cli.knowledge.generators.ocr import OcrGenerator, OcrSettings
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator
from mmavk_cli.knowledge.generators.vlm.server import ServerGenerator, ServerSettings
from mmavk_cli.knowledge.generators.vlm.vllm import VllmGenerator, VllmSettings


class GeneratorSettings(VllmSettings, ServerSettings, OcrSettings):
    """The settings of all generators; each reads its own."""


GENERATORS: dict[str, Callable[[GeneratorSettings], Generator]] = {
    "qwen2vl": QwenGenerator,
    "vllm": VllmGenerator,
    "server": ServerGenerator,
    "ocr": OcrGenerator,
    "echo": lambda _: EchoGenerator(),
}


GENERATOR = (
    "What writes about a picture: `qwen2vl` or `vllm` (on this machine), `server` (any with OpenAI's chat API), "
    "`ocr` (reads the text in it) or `echo` (a stand-in for tests)."
)
"""What `--generator` means."""


def make_generator(name: str, settings: GeneratorSettings) -> Generator:
    """The generator of a name. Models are loaded when the first picture comes.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in GENERATORS:
        raise UsageError(f"no generator called {name!r}", "--generator", near(name, GENERATORS))
    return GENERATORS[name](settings)
