"""The kinds of picture features that a fusion can ask for, and where each is found."""

from collections.abc import Callable

from mmavk_cli.base.records import Visual
from mmavk_cli.flows.shared.knowledge.clip_lookup import clip_recipe, scorer_name
from mmavk_cli.similarity.clip_source import ScorerChoice
from mmavk_cli.similarity.vectors import visual
from mmavk_cli.store.store import Store
from mmavk_cli.tagger.features import Features


class ClipFeatures:
    """CLIP's vectors of pictures, as `mmavk score` left them in the store."""

    def __init__(self, store: Store, recipe: str) -> None:
        self.store, self.recipe = store, recipe

    def of(self, picture: str) -> Visual | None:
        """The vector of the picture with this digest."""
        row = self.store.get_embedding("picture", picture, self.recipe)
        return visual(row.vector) if row and row.vector else None


def _clip(store: Store, choice: ScorerChoice) -> Features:
    return ClipFeatures(store, clip_recipe(store, scorer_name(choice)).id)


FEATURES: dict[str, Callable[[Store, ScorerChoice], Features]] = {"clip": _clip}
"""Kind → what finds such features in a store.

Raises:
    KnowledgeError: the store has none by the model that was asked for.
"""
