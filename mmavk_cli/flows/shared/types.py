"""The types of a tagger and those of posts: what training learns, and what of a split the tagger cannot find."""

from collections.abc import Sequence
from typing import TypeVar

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import TYPES, Json, Post
from mmavk_cli.corpus.types import Met, Renaming, TypeChoice, types_met
from mmavk_cli.report.metrics.confusion import NONE
from mmavk_cli.report.metrics.f1 import AVERAGES, OVERALL
from mmavk_cli.spans import in_order, types_of
from mmavk_cli.tagger.checkpoint import TaggerConfig

S = TypeVar("S", bound=TypeChoice)

RENAMED = "types"
"""What `trained` of a checkpoint says of `--types`; the setting has the same name."""

SHOWN = 8
"""Types that an error lists at most."""

RESERVED = frozenset({OVERALL, NONE, *AVERAGES})
"""Names of rows in reports that are no type's."""


def learned_types(posts: Sequence[Post], where: str) -> tuple[str, ...]:
    """The types that a training on these posts learns, in the checkpoint's order.

    Raises:
        DataError: no post has a name, or a type has the name of another row in reports.
    """
    met = types_met(posts)
    if not met:
        raise DataError("no post has a name: there is nothing to learn", where, "Tag some, or mend --types")
    for kind in met.keys() & RESERVED:
        what = f"a type cannot be called {kind!r}: reports have another row of that name"
        raise DataError(what, met[kind].first, f"Rename it: --types {kind}=NEW")
    return in_order(met)


def check_can_choose(posts: Sequence[Post], types: Sequence[str], where: str) -> None:
    """A validation split has a name that the tagger can find, else every epoch would score 0.

    Raises:
        DataError: it has none.
    """
    met = types_met(posts)
    if not met.keys() & set(types):
        has = ", ".join(in_order(met)) or "no name at all"
        what = f"validation has {has}, training {', '.join(types)}: no epoch can be chosen"
        raise DataError(what, where, "Tag both splits with the same types, or rename: --types OLD=NEW")


def unseen_types(posts: Sequence[Post], types: Sequence[str]) -> dict[str, Met]:
    """The types of posts that a tagger with `types` does not have; their names count as missed."""
    met = types_met(posts)
    return {kind: met[kind] for kind in in_order(met) if kind not in types}


def unknown_types(posts: Sequence[Post], renaming: Renaming, dataset: str, config: TaggerConfig, model: str) -> Json:
    """The types of posts that a trained model does not have: `names` and the `first` place of each.

    Those of the data set that it was trained on are part of its task, and the paper's four mean the same everywhere:
    they count as missed. Any other may be another name of what the model knows, so `--types` has to say what it is.

    Args:
        posts: their types are renamed already.
        renaming: by this.
        dataset: where they are from.
        config: of the model.
        model: what the user calls it.

    Raises:
        DataError: `renaming` does not mention such another type, or the model has none of the types.
    """
    types, met = types_of(config.tags), types_met(posts)
    unseen = unseen_types(posts, types)
    missed = dataset in config.trained.get("datasets", ())
    odd = [kind for kind in met if kind in unseen and not (missed or kind in TYPES or renaming.mentions(kind))]
    if odd:
        tag, word, where = _first(posts, odd[0])
        asked = ",".join(f"{kind}=TYPE" for kind in odd[:SHOWN])
        advice = (
            f"The types of {model} are {', '.join(types)}. Say which of them the others are: --types {asked}; "
            f"{odd[0]}=drop leaves out, {odd[0]}={odd[0]} counts as missed"
        )
        raise DataError(f"unknown tag {tag!r} of {word!r}", where, advice)
    if met and len(unseen) == len(met):
        advice = f"The types of {model} are {', '.join(types)}: rename with --types OLD=NEW, or score another model"
        raise DataError(f"the model has none of the types {', '.join(unseen)}", next(iter(met.values())).first, advice)
    return {kind: {"names": met.names, "first": met.first} for kind, met in unseen.items()}


def _first(posts: Sequence[Post], kind: str) -> tuple[str, str, str]:
    """Tag, word and place of the first word that has a type."""
    return next(
        (tag, word.text, post.place(number))
        for post in posts
        for number, (word, tag) in enumerate(zip(post.words, post.tags or (), strict=True))
        if tag[2:] == kind
    )


def with_types_of(settings: S, config: TaggerConfig) -> S:
    """Settings with the `--types` of the model's training, where they say nothing of their own."""
    trained = config.trained.get(RENAMED)
    return settings.model_copy(update={RENAMED: trained}) if settings.types is None and trained else settings
