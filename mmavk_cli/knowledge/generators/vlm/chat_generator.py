"""A vision-language model that is asked about pictures: what is the same whoever runs it."""

from typing import TYPE_CHECKING, Generic, TypeVar

from mmavk_cli.base.records import Json
from mmavk_cli.knowledge.generators.generator import Generator, View, Written
from mmavk_cli.knowledge.generators.vlm.clean_answer import clean
from mmavk_cli.knowledge.generators.vlm.resize import fitted, shrunk, visual_tokens
from mmavk_cli.knowledge.generators.vlm.settings import ChatSettings
from mmavk_cli.knowledge.prompts import STRUCTURED, load_prompt

if TYPE_CHECKING:
    from PIL.Image import Image

LETTERS = 16
"""So many letters a token are more than any text has; an answer beyond is cut, for not all servers keep to a limit."""

S = TypeVar("S", bound=ChatSettings)


class ChatGenerator(Generator, Generic[S]):
    """Works in batches; one prompt, one cap on visual tokens, one form of rows. A subclass gives `recipe`, `room` and
    `write`.
    """

    kept = True

    def __init__(self, settings: S) -> None:
        self.settings = settings
        self.prompt = load_prompt(settings.prompt)
        self._prompted = False

    def tokens(self, width: int, height: int) -> int:
        """Visual tokens of a picture of this size."""
        return visual_tokens(*fitted(width, height, self.settings.visual_tokens))

    def ready(self, image: "Image") -> View:
        """The picture at the size in which the model sees it."""
        small = shrunk(image, self.settings.visual_tokens)
        return View(small, visual_tokens(*small.size))

    def generate(self, image: "Image") -> str:
        """The knowledge about one picture."""
        return self.one(image)

    def written(self, output: str, ended: bool, view: View, new_tokens: int, prompted: bool = False) -> Written:
        """What a model's raw output about a picture comes to.

        Args:
            output: all that it wrote, reasoning included.
            ended: it stopped by itself.
            view: the picture as it was seen.
            new_tokens: the output's length.
            prompted: its prompt has opened reasoning.
        """
        most = LETTERS * self.settings.max_new_tokens
        prompted = prompted or (self._prompted and not ended)  # as in an answer before, which came to its end
        cleaned = clean(output, ended, most, self.prompt.name == STRUCTURED, prompted)
        self._prompted |= cleaned.prompted
        details: Json = {"visual_tokens": view.tokens, "new_tokens": new_tokens}
        if cleaned.flags:
            details["flags"] = list(cleaned.flags)
        return Written(cleaned.text, cleaned.error, details)
