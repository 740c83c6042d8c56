"""A CLIP as the store knows it: a recipe under a name, found without loading the model where it scored before."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

from mmavk_cli.base.device import InTurn, resolve_device
from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import DataError, KnowledgeError, MissingError
from mmavk_cli.base.images import read_picture
from mmavk_cli.base.records import Json, Post
from mmavk_cli.similarity.clip_source import SMALLER, ClipChoice, ClipSettings, ClipSource, clip_source
from mmavk_cli.similarity.interfaces import PictureModel
from mmavk_cli.similarity.vectors import cosine, unpacked
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.store import Store

GENERATOR = "clip"
"""What a recipe of a scorer says in place of a generator."""

LIBRARY = "open_clip_torch"


class ClipOfStore:
    """The CLIP that settings name. `recipe` and `model` load it only where they must; `load_s` seconds that took.

    A large model: no other may be loaded before `free`.

    Raises:
        UsageError, MissingError: there is no such CLIP.
    """

    def __init__(self, settings: ClipSettings, store: Store) -> None:
        self.source: ClipSource = clip_source(settings)
        self._settings, self._store = settings, store
        self._turn: InTurn[PictureModel] = InTurn(f"the CLIP {self.source.name}", self._load, smaller=SMALLER)
        self.load_s = 0.0
        self._known = _known(store, self.source.name, settings.clip_precision)

    @property
    def recipe(self) -> Recipe:
        """All that decides a score; its id is the scorer's."""
        if self._known is None:
            self._known = _recipe(self.source.name, self.model.facts)
        return self._known

    @property
    def model(self) -> PictureModel:
        """The model, loaded when it is first asked for.

        Raises:
            KnowledgeError: its weights are not those that the scores in the store were made with.
            UsageError, MissingError: there is no such CLIP, or its weights are not here.
        """
        return self._turn.model

    def free(self) -> None:
        """Give the model's memory back."""
        self._turn.free()

    def _load(self) -> PictureModel:
        began = perf_counter()
        from mmavk_cli.similarity.clip import load_clip

        device = resolve_device(self._settings.device)
        loaded = load_clip(self.source, self._precision(device), device, self._settings.clip_batch)
        self._check(_recipe(self.source.name, loaded.facts))
        self.load_s = perf_counter() - began
        return loaded

    def _precision(self, device: str) -> str:
        if self._settings.clip_precision != "auto":
            return self._settings.clip_precision
        if self._known is not None:
            return str(self._known.decoding["precision"])
        return "float16" if device == "cuda" else "float32"

    def _check(self, loaded: Recipe) -> None:
        if self._known is not None and loaded.id != self._known.id:
            what = f"the weights are not those that the scores of {self.source.name} in the store were made with"
            advice = f"Name other weights, or remove the scores: mmavk store rm --knowledge {self.source.name}"
            raise KnowledgeError(what, "--clip", advice)


def _known(store: Store, name: str, precision: str) -> Recipe | None:
    """The recipe of that name in the store, where this program with these settings would make the same."""
    wanted = store.names().get(name)
    for recipe in store.recipes():
        if recipe.id == wanted and recipe.generator == GENERATOR and recipe.versions == _versions():
            return recipe if precision in {"auto", recipe.decoding.get("precision")} else None
    return None


def _versions() -> Json:
    try:
        return {LIBRARY: version(LIBRARY)}
    except PackageNotFoundError as error:
        raise MissingError(f"{LIBRARY} is not installed", "--clip", f"Run: pip install {LIBRARY}") from error


def _recipe(name: str, facts: Json) -> Recipe:
    return Recipe(
        name=name,
        generator=GENERATOR,
        model=facts["model"],
        revision=facts["weights"],
        decoding=facts["arithmetic"],
        pixels=_plain(facts["preprocess"]),
        versions=facts["versions"],
    )


def _plain(value: Json) -> Json:
    """Tuples as lists, as they come back from the store."""
    return {name: list(item) if isinstance(item, tuple) else item for name, item in value.items()}


def scorer_name(choice: ClipChoice) -> str:
    """What the store calls the CLIP that is chosen; a name, or the first digits of an id, stay as they are.

    Raises:
        UsageError: weights that are not safetensors. MissingError: a file is not there.
    """
    is_file = choice.clip_weights is not None or Path(choice.clip).expanduser().is_dir()
    return clip_source(choice).name if is_file else choice.clip


def clip_similarities(store: Store, posts: Sequence[Post], name: str) -> tuple[Recipe, list[float | None]]:
    """The CLIP that scored under `name` (or the first digits of its id), and its similarity of each post and picture.

    None for a post without a picture, or with one that cannot be read or decoded; nothing is computed here.

    Raises:
        KnowledgeError: the store has no scores by that CLIP, or not those of all posts.
    """
    recipe = clip_recipe(store, name)
    found: list[float | None] = []
    absent = 0
    for post in posts:
        value, known = _stored(store, post, recipe.id)
        found.append(value)
        absent += not known
    if absent:
        others = ", ".join(one for one in scorers(store) if one != recipe.name)
        what = f"{absent} of {len(posts)} posts have no score by {recipe.name}"
        also = f" (there are scores by {others})" if others else ""
        raise KnowledgeError(f"{what}{also}", str(store.folder), "Make them: mmavk score, with the same --clip")
    return recipe, found


def scorers(store: Store) -> list[str]:
    """The names of the CLIPs that scored into the store."""
    return sorted({recipe.name for recipe in store.recipes() if recipe.generator == GENERATOR})


def clip_recipe(store: Store, name: str) -> Recipe:
    """The CLIP that scored into the store under `name`, or the first digits of its id.

    Raises:
        KnowledgeError: there is none.
    """
    try:
        recipe = store.resolve(name)
    except KnowledgeError:
        there = ", ".join(scorers(store))
        advice = (
            f"There are scores by {there}: name it with --clip"
            if there
            else "Make some: mmavk score, with the same --clip"
        )
        raise KnowledgeError(f"no scores by the CLIP {name!r}", str(store.folder), advice) from None
    if recipe.generator != GENERATOR:
        raise KnowledgeError(f"{name!r} is knowledge, not a CLIP that scored", str(store.folder), "See mmavk store ls")
    return recipe


def _stored(store: Store, post: Post, scorer: str) -> tuple[float | None, bool]:
    """A post's score, and whether it is known that it has one or can have none."""
    if post.image is None or not post.image.is_file():
        return None, True
    try:
        picture = read_picture(post.image).digest
    except DataError:
        return None, True
    value = store.get_similarity(picture, post.text, scorer)
    if value is not None:
        return value, True
    seen, read = store.get_embedding("picture", picture, scorer), store.get_embedding("text", digest(post.text), scorer)
    if seen and read and seen.vector and read.vector:  # scored with others, as when knowledge is shuffled
        return cosine(unpacked(seen.vector), unpacked(read.vector)), True
    return None, seen is not None and seen.error is not None
