"""What the store knows of a CLIP: which scored into it, and its similarity of each post and picture. Loads no model."""

from collections.abc import Sequence
from pathlib import Path

from mmavk_cli.base.digest import digest
from mmavk_cli.base.errors import DataError, KnowledgeError
from mmavk_cli.base.images import read_picture
from mmavk_cli.base.records import Post
from mmavk_cli.similarity.clip_source import ClipChoice, clip_source
from mmavk_cli.similarity.vectors import cosine, unpacked
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.store import Store

GENERATOR = "clip"
"""What a recipe of a scorer says in place of a generator."""


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
        raise KnowledgeError(f"no scores by CLIP {name!r}", str(store.folder), advice) from None
    if recipe.generator != GENERATOR:
        raise KnowledgeError(
            f"{name!r} is the name of knowledge, not of a CLIP", str(store.folder), "See mmavk store ls"
        )
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
