"""The rows of the store: what they hold, the key each is kept under, and their one text form."""

import json
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mmavk_cli.base.digest import SCHEME, canonical, digest
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Json
from mmavk_cli.store.recipe import Recipe

SEAL = "digest"
"""The field of a row's text that holds the digest of all its others."""


PLACEHOLDER = "placeholder"
"""In the details of knowledge: why the picture was taken for one that says that a picture is gone."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class KnowledgeRow(_Row):
    """The text about one picture by one recipe, or why there is none.

    `subject` is the tagged digest of the picture's bytes, or `id:DATASET/IMAGE_ID` where the text came without them.
    Of `text` and `error` one is None. `attempts` counts the tries. `source` tells people where it came from,
    `details` how the text came about (visual tokens, what was cut, what was done when memory ran out).
    """

    kind: Literal["knowledge"] = "knowledge"
    subject: str
    recipe: str
    text: str | None
    error: str | None = None
    attempts: int = 1
    source: str = ""
    details: Json = {}

    @property
    def key(self) -> str:
        """Where it is kept."""
        return knowledge_key(self.subject, self.recipe)

    @property
    def tag(self) -> str:
        """What it is removed with."""
        return self.recipe


class SimilarityRow(_Row):
    """How related a text (by digest) and a picture are in a scorer's eyes; `value` in [-1, 1]."""

    kind: Literal["similarity"] = "similarity"
    subject: str
    text: str
    scorer: str
    value: float = Field(ge=-1, le=1)

    @property
    def key(self) -> str:
        """Where it is kept."""
        return similarity_key(self.subject, self.text, self.scorer)

    @property
    def tag(self) -> str:
        """What it is removed with."""
        return self.scorer


class EmbeddingRow(_Row):
    """What a scorer sees in one picture or one text (`subject`, a digest): a vector, or why there is none.

    `vector` is base64 of float32, least significant byte first; empty where `error` says why. `cut` tells that the text
    was longer than the scorer reads.
    """

    kind: Literal["embedding"] = "embedding"
    of: Literal["picture", "text"]
    subject: str
    scorer: str
    vector: str = ""
    error: str | None = None
    cut: bool = False

    @property
    def key(self) -> str:
        """Where it is kept."""
        return embedding_key(self.of, self.subject, self.scorer)

    @property
    def tag(self) -> str:
        """What it is removed with."""
        return self.scorer


class RecipeRow(_Row):
    """A recipe in full, kept once under its id."""

    kind: Literal["recipe"] = "recipe"
    recipe: Recipe

    @property
    def key(self) -> str:
        """Where it is kept."""
        return recipe_key(self.recipe.id)

    @property
    def tag(self) -> str:
        """What it is removed with."""
        return self.recipe.id


class NameRow(_Row):
    """The recipe that a name stands for: the one that was written with last."""

    kind: Literal["name"] = "name"
    name: str
    recipe: str

    @property
    def key(self) -> str:
        """Where it is kept."""
        return name_key(self.name)

    @property
    def tag(self) -> str:
        """What it is removed with."""
        return self.recipe


Row = KnowledgeRow | SimilarityRow | EmbeddingRow | RecipeRow | NameRow


def image_subject(dataset: str, image_id: str) -> str:
    """The subject of knowledge that came without its picture."""
    return f"id:{dataset}/{image_id}"


def is_digest(subject: str) -> bool:
    """Whether the subject names a picture by its bytes."""
    return subject.startswith(f"{SCHEME}:")


def knowledge_key(subject: str, recipe: str) -> str:
    """The key of a text about a picture."""
    return _key("knowledge", subject, recipe)


def similarity_key(subject: str, text: str, scorer: str) -> str:
    """The key of a similarity; `text` is a digest."""
    return _key("similarity", subject, text, scorer)


def embedding_key(of: str, subject: str, scorer: str) -> str:
    """The key of what a scorer sees in a picture or a text."""
    return _key("embedding", of, subject, scorer)


def recipe_key(recipe: str) -> str:
    """The key of a recipe's content."""
    return _key("recipe", recipe)


def name_key(name: str) -> str:
    """The key of a name."""
    return _key("name", name)


def encode(row: Row) -> str:
    """The row's canonical JSON with the digest of its fields. A lone surrogate, which UTF-8 lacks, becomes `?`."""
    content = json.loads(_valid(canonical(row.model_dump())))
    return canonical(content | {SEAL: digest(canonical(content))})


def decode(value: str) -> Row:
    """The row of a text that `encode` wrote.

    Raises:
        DataError: it is not such a text, or its digest is not that of its fields.
    """
    try:
        content = json.loads(value)
    except (ValueError, RecursionError):  # the second: lists within lists, deeper than Python goes
        raise DataError("the row is not JSON") from None
    if not isinstance(content, dict) or SEAL not in content:
        raise DataError("the row has no digest")
    seal = content.pop(SEAL)
    try:
        fits = seal == digest(canonical(content))
    except (ValueError, RecursionError):  # NaN, which Python's reader lets through; deep lists
        fits = False
    if not fits:
        raise DataError("the row was changed: its digest is not that of its fields")
    try:
        return _rows().validate_python(content)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise DataError(f"not a row of a store: {place}: {fault['msg']}") from None


def _key(*parts: str) -> str:
    return _valid("|".join(parts))


def _valid(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@cache
def _rows() -> TypeAdapter[Row]:
    return TypeAdapter(Annotated[Row, Field(discriminator="kind")])
