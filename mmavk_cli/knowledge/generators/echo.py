"""A generator without weights: it says how large the picture is and which. For tests and worked examples."""

from typing import TYPE_CHECKING

from mmavk_cli.base.digest import digest, short
from mmavk_cli.knowledge.generators.generator import Generator
from mmavk_cli.store.recipe import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image

SENTENCE = "a picture of {width} by {height} pixels, {digits}"


class EchoGenerator(Generator):
    """The same sentence for the same pixels, always."""

    recipe = Recipe(name="echo", generator="echo", prompt=digest(SENTENCE))

    def generate(self, image: "Image") -> str:
        """Width, height, and the first digits of the digest of the pixels."""
        return SENTENCE.format(width=image.width, height=image.height, digits=short(digest(image.tobytes())))
