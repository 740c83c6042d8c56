"""What is known of posts' pictures beside the knowledge itself: similarities by either scorer, and CLIP's features."""

from collections.abc import Sequence
from dataclasses import replace

from mmavk_cli.base.errors import DataError, KnowledgeError
from mmavk_cli.base.images import read_picture
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import Knowledge, Post
from mmavk_cli.flows.shared.knowledge.clip_lookup import clip_recipe, clip_similarities, scorer_name
from mmavk_cli.flows.shared.models import scorer_folder
from mmavk_cli.similarity.clip_source import CLIP, ScorerChoice
from mmavk_cli.similarity.vectors import unpacked
from mmavk_cli.store.store import Store


def scored(
    choice: ScorerChoice, posts: Sequence[Post], found: Sequence[Knowledge | None], scorer: str | None
) -> list[Knowledge | None]:
    """The knowledge of each post with its similarity by `scorer`; without one where CLIP could not see the picture.

    Args:
        choice: which CLIP, and where the store is.
        posts: of one split.
        found: the knowledge of each post.
        scorer: `clip` or `text`; None is `text`.

    Raises:
        KnowledgeError: CLIP was chosen, and the store has not its scores of all posts.
    """
    if scorer == CLIP:
        with Store(store_folder(choice.store), read_only=True) as store:
            recipe, similarities = clip_similarities(store, posts, scorer_name(choice))
        return [
            one and replace(one, similarity=similarity, scorer=recipe.id)
            for one, similarity in zip(found, similarities, strict=True)
        ]
    from mmavk_cli.similarity.text_scorer import TextScorer

    reader = TextScorer.load(scorer_folder())
    related = reader.score([post.text for post in posts], [one.text if one else "" for one in found])
    return [
        one and replace(one, similarity=similarity, scorer=reader.id)
        for one, similarity in zip(found, related, strict=True)
    ]


def seen_pictures(choice: ScorerChoice, posts: Sequence[Post]) -> list[Knowledge | None]:
    """CLIP's features of each post's picture, as `mmavk score` left them in the store; None for no picture.

    Raises:
        KnowledgeError: the store has no features by that CLIP, or of no post's picture.
    """
    with Store(store_folder(choice.store), read_only=True) as store:
        recipe = clip_recipe(store, scorer_name(choice))
        found = [_seen(store, post, recipe.id) for post in posts]
    if not any(found):
        advice = "Make them: mmavk score, with the same --clip and --images"
        raise KnowledgeError("no post has features of a picture", str(store.folder), advice)
    return found


def _seen(store: Store, post: Post, scorer: str) -> Knowledge | None:
    if post.image is None:
        return None
    try:
        row = store.get_embedding("picture", read_picture(post.image).digest, scorer)
    except DataError:
        return None
    return Knowledge("", scorer, visual=tuple(unpacked(row.vector).tolist())) if row and row.vector else None
