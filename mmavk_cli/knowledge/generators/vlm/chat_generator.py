"""A vision-language model that is asked about pictures: what is the same whoever runs it."""

from typing import TYPE_CHECKING, Generic, TypeVar

from mmavk_cli.base.records import Json
from mmavk_cli.knowledge.generators.generator import Generator, View, Written
from mmavk_cli.knowledge.generators.vlm.clean_answer import tidy
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

    def __init__(self, settings: S) -> None:
        self.settings = settings
        self.prompt = load_prompt(settings.prompt)

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

    def written(self, text: str, ended: bool, view: View, new_tokens: int) -> Written:
        """What an answer about a picture comes to; `ended`: the model stopped by itself, after `new_tokens`."""
        most = LETTERS * self.settings.max_new_tokens
        kept, flags = tidy(text[:most], ended and len(text) <= most, self.prompt.name == STRUCTURED)
        details: Json = {"visual_tokens": view.tokens, "new_tokens": new_tokens}
        return Written(kept, details=details | ({"flags": flags} if flags else {}))
