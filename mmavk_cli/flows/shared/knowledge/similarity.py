"""What is known of posts' pictures beside the knowledge itself: similarities by either scorer, and CLIP's features."""

from collections.abc import Sequence
from dataclasses import replace

from mmavk_cli.base.errors import DataError, KnowledgeError
from mmavk_cli.base.images import read_picture
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import Knowledge, Post
from mmavk_cli.flows.shared.knowledge.clip_lookup import clip_similarities, scorer_name
from mmavk_cli.flows.shared.knowledge.features import FEATURES
from mmavk_cli.flows.shared.models import scorer_folder
from mmavk_cli.similarity.clip_source import CLIP, ScorerChoice
from mmavk_cli.store.store import Store
from mmavk_cli.tagger.features import Features


def text_of(knowledge: Knowledge | None) -> str | None:
    """Its text, where there is any knowledge."""
    return knowledge.text if knowledge else None


def similarity_of(knowledge: Knowledge | None) -> float | None:
    """Its similarity with the post, where it has one."""
    return knowledge.similarity if knowledge else None


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
    texts = [text_of(one) or "" for one in found]
    related = reader.score([post.text for post in posts], texts)
    return [
        one and replace(one, similarity=similarity, scorer=reader.id)
        for one, similarity in zip(found, related, strict=True)
    ]


def seen_pictures(choice: ScorerChoice, posts: Sequence[Post], kind: str) -> list[Knowledge | None]:
    """The features of each post's picture that the store has, of one kind; None for no picture.

    Raises:
        KnowledgeError: the store has no features by the model that was asked for, or of no post's picture.
    """
    with Store(store_folder(choice.store), read_only=True) as store:
        features = FEATURES[kind](store, choice)
        found = [_seen(features, post) for post in posts]
    if not any(found):
        advice = "Make them: mmavk score, with the same --clip and --images"
        raise KnowledgeError("no post has features of a picture", str(store.folder), advice)
    return found


def _seen(features: Features, post: Post) -> Knowledge | None:
    if post.image is None:
        return None
    try:
        visual = features.of(read_picture(post.image).digest)
    except DataError:
        return None
    return Knowledge("", features.recipe, visual=visual) if visual else None
