"""The one interface of everything that writes about pictures."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmavk_cli.base.device import is_out_of_memory
from mmavk_cli.base.errors import DataError, MmavkError
from mmavk_cli.base.records import Json
from mmavk_cli.store.recipe import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image

NO_MEMORY = "out of memory"
"""How the error of a row begins whose picture was too large for the memory."""


ONE_BY_ONE = 4
"""Pictures that are handed over together to a generator that sees one at a time: enough to be ready before it asks."""


@dataclass(frozen=True, slots=True)
class View:
    """A picture made ready for a generator (RGB, upright, shrunk where it asks for that). This is all that a generator
    is given: there is no field for a post, an id or a file's name, so a post's text cannot reach a prompt.
    """

    image: "Image"
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What came of one picture. Of `text` and `error` one is None; `details` tells how it went, for the row."""

    text: str | None
    error: str | None = None
    details: Json = field(default_factory=dict)


class Generator(ABC):
    """Writes knowledge about pictures; it never sees the posts' text (paper, section 3.1).

    One that sees a picture at a time has to give `recipe` and `generate`; one that works in batches overrides `ready`,
    `room` and `write` as well. Models are loaded when the first picture comes.

    Attributes:
        large: its model is one that no other large model may stand beside in memory.
        kept: its texts cost so much that they are looked for in the store, and kept there.
    """

    large = False
    kept = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of how its texts came about, when it has written them."""
        return ()

    @property
    @abstractmethod
    def recipe(self) -> Recipe:
        """All that decides what it writes. Asking for it loads no model.

        Raises:
            MissingError: weights or a package are not there.
        """

    @abstractmethod
    def generate(self, image: "Image") -> str:
        """The knowledge about one picture (RGB, upright); empty where there is nothing to say.

        Raises:
            DataError: it could not be written.
        """

    def tokens(self, width: int, height: int) -> int:
        """How much a picture of this size costs; pictures of like cost go together."""
        return width * height

    def ready(self, image: "Image") -> View:
        """A picture as it will be looked at. Called in several threads at once, while the model is at work."""
        return View(image)

    def room(self, tokens: int) -> int:  # noqa: ARG002
        """How many pictures of that cost go into a batch."""
        return ONE_BY_ONE

    def write(self, views: Sequence[View]) -> Iterator[tuple[int, Written]]:
        """The place of each picture in `views` and what came of it, in the order in which they are finished.

        Raises:
            MmavkError: no picture can be written about (weights are not there, a server is gone).
        """
        for place, view in enumerate(views):
            try:
                yield place, Written(self.generate(view.image))
            except DataError as error:
                yield place, Written(None, error.what)
            except MmavkError:
                raise
            except Exception as error:  # one picture that a library stumbles over must not end the job
                reason = f"{NO_MEMORY}: {error}" if is_out_of_memory(error) else f"{type(error).__name__}: {error}"
                yield place, Written(None, reason)

    def check(self) -> None:  # noqa: B027
        """Whether it can be asked at all; called before time is spent on pictures.

        Raises:
            MissingError: no picture can be written about (a server is not there).
        """

    def abort(self) -> None:  # noqa: B027
        """Let go of what would keep the program waiting; called when it ends with an error or is stopped at once."""

    def free(self) -> None:  # noqa: B027
        """Give the model's memory back."""

    def one(self, image: "Image") -> str:
        """The text about one picture, through `write`: what `generate` is for a generator of batches.

        Raises:
            DataError: it could not be written.
        """
        ((_, written),) = self.write([self.ready(image)])
        if written.text is None:
            raise DataError(f"no knowledge about the picture: {written.error}", self.recipe.label, "Try it again")
        return written.text
