"""What can write about a picture, by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from mmavk_cli.base.errors import UsageError
from mmavk_cli.knowledge.echo import EchoGenerator
from mmavk_cli.knowledge.ocr import OcrGenerator, OcrSettings
from mmavk_cli.knowledge.recipe import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image


class GeneratorSettings(OcrSettings):
    """The settings of all generators; each reads its own."""


class Generator(Protocol):
    """Writes knowledge about a picture; it never sees the post's text (paper, section 3.1)."""

    @property
    def recipe(self) -> Recipe:
        """All that decides what it writes. Asking for it loads no model."""
        ...

    def generate(self, image: "Image") -> str:
        """The knowledge about a picture (RGB, upright); empty where there is nothing to say."""
        ...


GENERATORS: dict[str, Callable[[GeneratorSettings], Generator]] = {
    "ocr": OcrGenerator,
    "echo": lambda _: EchoGenerator(),
}


def make_generator(name: str, settings: GeneratorSettings) -> Generator:
    """The generator of a name. Models are loaded when the first picture comes.

    Raises:
        UsageError: there is none of this name.
    """
    if name not in GENERATORS:
        import difflib

        near = difflib.get_close_matches(name, GENERATORS, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else f"There is: {', '.join(sorted(GENERATORS))}"
        raise UsageError(f"no generator called {name!r}", "--generator", advice)
    return GENERATORS[name](settings)
