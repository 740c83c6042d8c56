"""A recipe: all that decides the text that is written about a picture."""

from pydantic import BaseModel, ConfigDict

from mmavk_cli.base.digest import canonical, digest, short
from mmavk_cli.base.records import Json


class Recipe(BaseModel):
    """What made a text. Two recipes of equal content have one id, whatever people call them.

    Attributes:
        name: what people call it (`ocr`, `blip2`); the only field that is not in the id.
        generator: the kind of generator (`ocr`, `echo`, `import`, …).
        model: the id of its model; for imported text the name it was imported under.
        revision: the model's revision, empty where the version of a library fixes it.
        prompt: tagged digest of the prompt, or of the sentence the text is put in.
        decoding: how text is drawn from the model: thresholds, lengths, quantisation, …
        pixels: how large the model sees a picture.
        versions: the libraries whose version changes the text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    name: str
    generator: str
    model: str = ""
    revision: str = ""
    prompt: str = ""
    decoding: Json = {}
    pixels: Json = {}
    versions: Json = {}

    @property
    def id(self) -> str:
        """Tagged digest of the canonical JSON of everything but the name."""
        return digest(canonical(self.model_dump(exclude={"name"})))

    @property
    def label(self) -> str:
        """The name and the first digits of the id, for messages."""
        return f"{self.name} ({short(self.id)})"
