"""A CLIP as the store knows it: a recipe under a name, found without loading the model where it scored before."""

from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

from mmavk_cli.base.device import resolve_device
from mmavk_cli.base.errors import KnowledgeError, MissingError
from mmavk_cli.base.one_large_model import ExclusiveModel
from mmavk_cli.base.records import Json
from mmavk_cli.flows.shared.knowledge.clip_lookup import GENERATOR
from mmavk_cli.similarity.clip_source import LIBRARY, SMALLER, ClipSettings, ClipSource, clip_source
from mmavk_cli.similarity.interfaces import PictureModel
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.store import Store


class ClipOfStore:
    """The CLIP that settings name. `recipe` and `model` load it only where they must; `load_s` seconds that took.

    A large model: no other may be loaded before `free`.

    Raises:
        UsageError, MissingError: there is no such CLIP.
    """

    def __init__(self, settings: ClipSettings, store: Store) -> None:
        self.source: ClipSource = clip_source(settings)
        self._settings, self._store = settings, store
        self._turn: ExclusiveModel[PictureModel] = ExclusiveModel(
            f"the CLIP {self.source.name}", self._load, smaller=SMALLER
        )
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
            what = f"the scores of {self.source.name} in the store were made with other weights"
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
    tuples = {name: list(item) for name, item in value.items() if isinstance(item, tuple)}
    return value | tuples
