"""eval: a model on a split of a data set → scores under both counting rules."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.base.run import new_run
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.flows.knowledge import KnowledgeChoice, knowledge_of, posts_of
from mmavk_cli.flows.models import open_model
from mmavk_cli.flows.tagging import find
from mmavk_cli.report.measures import Rule, Scores, measure
from mmavk_cli.spans import spans_to_tags

if TYPE_CHECKING:
    from mmavk_cli.tagger.predict import Predictor

Told = Callable[[int, int], None]
"""Progress: posts done, posts in all."""


class EvalSettings(KnowledgeChoice, Common):
    """What `mmavk eval` asks."""

    model: str = setting(..., "A run folder, a model folder, or `embedded`.", argument=True)
    dataset: str = setting(..., "Data set: a folder of this name in the data folder.")
    split: Literal["train", "valid", "test"] = setting("test", "Which split to score.")
    pairing: Literal["own", "shuffled", "blank"] = setting(
        "own", "Whose knowledge a post gets: its own, another post's, or none: does the picture matter?"
    )
    rule: Rule = setting("strict", "Counting rule of the table; JSON holds both.", "--as")
    format: Literal["table", "json"] = setting("table", "How to print the scores.")
    out: Path | None = setting(None, "Run folder for scores and predictions.")
    seed: int = setting(1, "Seed of the shuffling.")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of one model on one split; `with_knowledge` counts posts whose knowledge had a weight above 0."""

    model: str
    dataset: str
    split: str
    knowledge: str
    posts: int
    with_knowledge: int
    strict: dict[str, Scores]
    conlleval: dict[str, Scores]

    def as_json(self) -> Json:
        """One JSON object; precision, recall and f1 in percent."""
        return asdict(self)


def evaluate(settings: EvalSettings, told: Told) -> Evaluation:
    """Score a model; writes a run folder when asked to.

    Raises:
        DataError: the data set, split or run folder. KnowledgeError: no such knowledge. MissingError: no such model.
    """
    predictor, config = open_model(settings.model)
    posts = posts_of(settings.dataset, settings.split, settings)
    if not posts:
        raise DataError("the split has no posts", f"{settings.dataset} {settings.split}", "Check the file")
    knowledge = paired(posts, settings, config.threshold)
    tags = predicted_tags(predictor, posts, knowledge, told)
    gold = [post.tags or () for post in posts]
    result = Evaluation(
        settings.model,
        settings.dataset,
        settings.split,
        f"{settings.knowledge} ({settings.pairing})" if settings.knowledge else "none",
        len(posts),
        sum(1 for one in knowledge if one is not None and one.weight > 0),
        measure(gold, tags, "strict"),
        measure(gold, tags, "conlleval"),
    )
    if settings.out is not None:
        with new_run(settings.out, "eval", settings) as run:
            run.write("scores.json", result.as_json())
    return result


def predicted_tags(
    predictor: "Predictor", posts: Sequence[Post], knowledge: Iterable[Knowledge | None], told: Told
) -> list[list[str]]:
    """IOB2 tags over each post's own words."""
    tags = []
    for post, found in zip(posts, find(predictor, zip(posts, knowledge, strict=True)), strict=True):
        tags.append(spans_to_tags([one.span for one in found], len(post.words)))
        told(len(tags), len(posts))
    return tags


def paired(posts: Sequence[Post], settings: EvalSettings, own_threshold: float | None) -> list[Knowledge | None]:
    """Each post's own knowledge, that of another post (in a random ring, so that none gets its own), or none.

    Raises:
        KnowledgeError: the store has no knowledge of that name.
    """
    if settings.pairing == "blank":
        return [None] * len(posts)
    if settings.pairing == "own":
        return knowledge_of(settings, settings.dataset, posts, own_threshold)
    order = list(range(len(posts)))
    random.Random(settings.seed).shuffle(order)  # noqa: S311
    giver = dict(zip(order, (*order[1:], order[0]), strict=True))
    # The text stays the post's, so that the scorer judges the foreign knowledge as it would at tag time.
    strangers = [
        replace(post, image_id=posts[giver[i]].image_id, image=posts[giver[i]].image) for i, post in enumerate(posts)
    ]
    return knowledge_of(settings, settings.dataset, strangers, own_threshold)
