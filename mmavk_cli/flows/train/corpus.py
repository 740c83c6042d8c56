"""The posts of a training, with their knowledge."""

from collections.abc import Sequence
from dataclasses import dataclass

from mmavk_cli.base.digest import digest_file
from mmavk_cli.base.errors import KnowledgeError
from mmavk_cli.base.paths import dataset_folder, split_file
from mmavk_cli.base.records import TYPES, Json
from mmavk_cli.flows.shared.dataset_facts import split_facts
from mmavk_cli.flows.shared.datasets import check_tags, gold_posts
from mmavk_cli.flows.shared.knowledge.attach import (
    Wanted,
    counted_knowledge,
    features_read,
    placeholder_posts,
    scored_knowledge,
)
from mmavk_cli.flows.shared.knowledge.compatibility import check_any
from mmavk_cli.flows.train.gate import Item, Splits, regated, similarities
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.similarity.gate import NONE, Gate
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.fusions.registry import FUSIONS


@dataclass(frozen=True, slots=True)
class Corpus:
    """Training posts and, a data set, validation posts, each with its knowledge, weighed by the gate.

    `counts` says of every split how many posts have knowledge and how much of it counts, `facts` what it is like.
    """

    train: list[Item]
    valid: Splits
    gate: Gate
    counts: dict[str, Json]
    facts: dict[str, Json]

    @property
    def features(self) -> tuple[int, ...]:
        """The shape of a picture's features; `()` where the fusion takes none."""
        return next((one.visual.shape for _, one in self.train if one is not None and one.visual), ())


def read_corpus(settings: TrainSettings) -> Corpus:
    """The train and validation splits of every data set, with knowledge; never the test split.

    Raises:
        DataError: a split is missing or empty, or a tag has a type we do not know. KnowledgeError: there is no such
        knowledge, no post has any, or one has none and `--require-knowledge` is given.
    """
    splits = {(name, split): _items(settings, name, split) for name in settings.dataset for split in ("train", "valid")}
    known = [one for (_, split), items in splits.items() if split == "train" for one in similarities(items)]
    if settings.knowledge and FUSIONS[settings.fusion].reads:
        there = (one for (_, split), items in splits.items() if split == "train" for _, one in items)
        check_any(settings.knowledge, settings.dataset[0], "train", there)
    gate = settings.training_gate(known)
    splits = {name: regated(items, gate) for name, items in splits.items()}
    return Corpus(
        train=[item for name in settings.dataset for item in splits[name, "train"]],
        valid={name: splits[name, "valid"] for name in settings.dataset},
        gate=gate,
        counts={f"{a}/{b}": counted_knowledge([one for _, one in items]) for (a, b), items in splits.items()},
        facts={f"{name}/{split}": _facts(settings, name, items) for (name, split), items in splits.items()},
    )


def _facts(settings: TrainSettings, dataset: str, items: Sequence[Item]) -> Json:
    posts, knowledge = [post for post, _ in items], [one for _, one in items]
    return split_facts(posts, knowledge, placeholder_posts(settings, dataset, posts, knowledge))


def fingerprints(settings: TrainSettings) -> Json:
    """The digest of every file that was read."""
    folders = {name: dataset_folder(name, settings.data_dir) for name in settings.dataset}
    return {
        f"{name}/{split}": digest_file(split_file(folder, split))
        for name, folder in folders.items()
        for split in ("train", "valid")
    }


def _items(settings: TrainSettings, dataset: str, split: str) -> list[Item]:
    posts = gold_posts(dataset, split, settings)
    check_tags(posts, tag_names(TYPES), "mmavk")
    features = features_read(settings.fusion)
    wanted = Wanted(features, settings.scorer, needs_scores=settings.threshold not in (None, NONE))
    knowledge = scored_knowledge(settings, dataset, posts, wanted)
    missing = sum(one is None for one in knowledge)
    if settings.require_knowledge and missing:
        what, command = ("features of a picture", "mmavk score") if features else ("knowledge", "mmavk store import")
        advice = f"Put it into the store ({command}), or leave out --require-knowledge"
        raise KnowledgeError(f"{missing} of {len(posts)} posts have no {what}", f"{dataset} {split}", advice)
    return list(zip(posts, knowledge, strict=True))
