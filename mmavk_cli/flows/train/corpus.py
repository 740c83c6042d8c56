"""The posts of a training, with their knowledge."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mmavk_cli.base.digest import digest_file
from mmavk_cli.base.errors import KnowledgeError
from mmavk_cli.base.paths import dataset_folder, split_file
from mmavk_cli.base.records import Json
from mmavk_cli.corpus.types import Met, Renaming
from mmavk_cli.flows.shared.dataset_facts import split_facts
from mmavk_cli.flows.shared.datasets import gold_posts
from mmavk_cli.flows.shared.knowledge.attach import (
    Wanted,
    counted_knowledge,
    features_read,
    placeholder_posts,
    scored_knowledge,
)
from mmavk_cli.flows.shared.knowledge.compatibility import check_any
from mmavk_cli.flows.shared.types import check_can_choose, learned_types, unseen_types
from mmavk_cli.flows.train.gate import Item, Splits, regated, similarities
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.similarity.gate import NONE, Gate
from mmavk_cli.tagger.fusions.registry import FUSIONS


@dataclass(frozen=True, slots=True)
class Corpus:
    """Training posts and, a data set, validation posts, each with its knowledge, weighed by the gate.

    Attributes:
        train: posts to learn from.
        valid: posts to choose the epoch by.
        gate: from similarity to weight.
        types: those of the training posts, which are learned.
        unseen: types that only the validation split of a data set has.
        unused: names of `--types` that no post has.
        counts: of every split how many posts have knowledge and how much of it counts.
        facts: what every split is like.
    """

    train: list[Item]
    valid: Splits
    gate: Gate
    types: tuple[str, ...]
    unseen: dict[str, dict[str, Met]]
    unused: tuple[str, ...]
    counts: dict[str, Json]
    facts: dict[str, Json]

    @property
    def features(self) -> tuple[int, ...]:
        """The shape of a picture's features; `()` where the fusion takes none."""
        return next((one.visual.shape for _, one in self.train if one is not None and one.visual), ())

    def of_types(self) -> Iterator[Json]:
        """Log lines: what is learned, and what of a validation split is not, so that its names count as missed."""
        yield {"types": ", ".join(self.types)}
        if self.unused:
            yield {"types_that_no_post_has": ", ".join(self.unused)}
        for name, types in self.unseen.items():
            for kind, met in types.items():
                yield {"unseen_type": kind, "split": f"{name}/valid", "names_missed": met.names, "first": met.first}


def read_corpus(settings: TrainSettings) -> Corpus:
    """The train and validation splits of every data set, with knowledge; never the test split.

    Raises:
        DataError: a split is missing or empty, no training post has a name, or no validation post one of a type that
        is learned. KnowledgeError: there is no such knowledge, no post has any, or one has none and
        `--require-knowledge` is given.
    """
    renaming = settings.renaming()
    wanted = [(name, split) for name in settings.dataset for split in ("train", "valid")]
    splits = {(name, split): _items(settings, name, split, renaming) for name, split in wanted}
    types, unseen = _types(settings, splits)
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
        types=types,
        unseen=unseen,
        unused=renaming.unused,
        counts={f"{name}/{split}": _counted(items) for (name, split), items in splits.items()},
        facts={f"{name}/{split}": _facts(settings, name, items) for (name, split), items in splits.items()},
    )


def _counted(items: Sequence[Item]) -> Json:
    return counted_knowledge([one for _, one in items])


def _facts(settings: TrainSettings, dataset: str, items: Sequence[Item]) -> Json:
    posts = [post for post, _ in items]
    knowledge = [one for _, one in items]
    return split_facts(posts, knowledge, placeholder_posts(settings, dataset, posts, knowledge))


def fingerprints(settings: TrainSettings) -> Json:
    """The digest of every file that was read."""
    folders = {name: dataset_folder(name, settings.data_dir) for name in settings.dataset}
    return {
        f"{name}/{split}": digest_file(split_file(folder, split))
        for name, folder in folders.items()
        for split in ("train", "valid")
    }


def _types(
    settings: TrainSettings, splits: Mapping[tuple[str, str], Sequence[Item]]
) -> tuple[tuple[str, ...], dict[str, dict[str, Met]]]:
    """The types that the train splits have, and of each data set those that only its validation split has."""
    training = [post for (_, split), items in splits.items() if split == "train" for post, _ in items]
    types = learned_types(training, f"{', '.join(settings.dataset)} train")
    unseen = {}
    for name in settings.dataset:
        posts = [post for post, _ in splits[name, "valid"]]
        check_can_choose(posts, types, f"{name} valid")
        unseen[name] = unseen_types(posts, types)
    return types, unseen


def _items(settings: TrainSettings, dataset: str, split: str, renaming: Renaming) -> list[Item]:
    posts = gold_posts(dataset, split, settings, renaming)
    features = features_read(settings.fusion)
    wanted = Wanted(features, settings.scorer, needs_scores=settings.threshold not in (None, NONE))
    knowledge = scored_knowledge(settings, dataset, posts, wanted)
    missing = sum(one is None for one in knowledge)
    if settings.require_knowledge and missing:
        what, command = ("features of a picture", "mmavk score") if features else ("knowledge", "mmavk store import")
        advice = f"Put it into the store ({command}), or leave out --require-knowledge"
        raise KnowledgeError(f"{missing} of {len(posts)} posts have no {what}", f"{dataset} {split}", advice)
    return list(zip(posts, knowledge, strict=True))
