"""eval: a model on a split of a data set → scores under both counting rules, and what they are made of."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, get_args

from pydantic import model_validator

from mmavk_cli.base.digest import digest_file
from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.paths import dataset_folder, images_folder, split_file
from mmavk_cli.base.records import PICTURES, Json, Knowledge, Post, Tagged
from mmavk_cli.base.run_record import SCORES, Run
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.corpus.dataset import load_split
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.dataset_facts import DATA, TypedData, findings_of, real_pictures, split_facts
from mmavk_cli.flows.shared.datasets import gold_posts
from mmavk_cli.flows.shared.knowledge.attach import (
    EvalKnowledge,
    Wanted,
    counted_knowledge,
    knowledge_label,
    knowledge_of,
    placeholder_posts,
    wanted_by,
)
from mmavk_cli.flows.shared.knowledge.compatibility import check_knowledge
from mmavk_cli.flows.shared.knowledge.similarity import text_of
from mmavk_cli.flows.shared.models import folder_of, open_model, shown_name, weights_id
from mmavk_cli.flows.shared.options import DATASET, EMBEDDED_OR_SEEDS, MODEL, OUT, SPLIT, Printed, Split
from mmavk_cli.flows.shared.predict import tag_all
from mmavk_cli.flows.shared.progress import Progress, part_of, silent
from mmavk_cli.flows.shared.run_folder import run_or_none
from mmavk_cli.flows.shared.types import unknown_types, with_types_of
from mmavk_cli.report.metrics.breakdown import Breakdown, Known, breakdown, counted
from mmavk_cli.report.metrics.f1 import Rule, scores_of
from mmavk_cli.report.metrics.significance import Difference, ResamplingSettings, difference
from mmavk_cli.report.predictions_reader import predictions_name
from mmavk_cli.report.predictions_writer import evaluated, json_line
from mmavk_cli.tagger.fusions.registry import FUSIONS

if TYPE_CHECKING:
    pass

Pairing = Literal["own", "shuffled", "blank"]
OWN: Pairing = "own"


class EvalSettings(Printed, ResamplingSettings, EvalKnowledge, TypedData, Common):
    """Options of `mmavk eval`."""

    model: str = setting(..., MODEL, here=EMBEDDED_OR_SEEDS, argument=True)
    dataset: str = setting(..., DATASET, metavar="NAME")
    split: Split = setting("test", SPLIT)
    pairing: Pairing = setting(
        OWN, "Which knowledge a post gets: its `own`, another post's (`shuffled`), or none (`blank`)."
    )
    picture_test: bool = setting(
        False,
        "Test whether the picture matters: score with own, with shuffled and without knowledge.",
        "--picture-test",
    )
    rule: Rule = setting("strict", "Counting rule of errors, calibration and the picture test.", "--as")
    out: Path | None = setting(None, OUT, here="run folder with scores.json, run.json and predictions.SPLIT.jsonl.")

    @model_validator(mode="after")
    def _picture_test_can_be(self) -> Self:
        if self.picture_test and self.pairing != OWN:
            raise ValueError("--picture-test: it makes all pairings, leave out --pairing")
        return self


@dataclass(frozen=True, slots=True)
class Against:
    """The model with other knowledge: its F1, and that with own knowledge minus it."""

    f1: float
    own_minus: Difference


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of one model on one split; `with_knowledge` counts posts whose knowledge had a weight above 0, `gated` is
    the share of posts with knowledge whose weight is under 1, `without_similarity` how many posts' knowledge is gated
    because nothing says how related it is.

    `picture_test` has `shuffled` and `blank`; it is None where it was not asked for. `types` is the renaming that held.
    `unknown_types` are those of the split that the model does not have: how many `names`, all missed, and the `first`.
    """

    model: str
    dataset: str
    split: str
    knowledge: str
    posts: int
    with_knowledge: int
    gated: float
    without_similarity: int
    rule: Rule
    scores: Breakdown
    picture_test: dict[Pairing, Against] | None
    types: str | None = None
    unknown_types: Json = field(default_factory=dict)

    def as_json(self) -> Json:
        """One JSON object, the parts of `scores` beside the rest; precision, recall and f1 in percent. What is said of
        types is in it where there is something to say.
        """
        content = {name: value for name, value in asdict(self).items() if name != "scores"}
        said = {name: value for name in ("types", "unknown_types") if (value := content.pop(name))}
        return content | said | self.scores.as_json()


def evaluate(settings: EvalSettings, on_progress: Progress = silent) -> Evaluation:
    """Score a model; writes a run folder when asked to.

    Raises:
        DataError: the data set, split or run folder, or a type the model does not know. KnowledgeError: no such
        knowledge. MissingError: no such model. UsageError: a picture test of a model that gets no knowledge.
    """
    predictor, config = open_model(settings.model)
    settings = with_types_of(settings, config)
    renaming = settings.renaming()
    posts = gold_posts(settings.dataset, settings.split, settings, renaming)
    unknown = unknown_types(posts, renaming, settings.dataset, config, settings.model)
    named = PICTURES if "image" in FUSIONS[config.pieces.fusion].reads else settings.knowledge
    if settings.picture_test and named is None:
        raise UsageError("needs --knowledge; without it all three are the same", "--picture-test", "See --help")
    pairings: tuple[Pairing, ...] = get_args(Pairing) if settings.picture_test else (settings.pairing,)
    wanted = wanted_by(settings, settings.model, config)
    knowledge = {pairing: paired(posts, settings, pairing, wanted) for pairing in pairings}
    check_knowledge(settings, config, chain.from_iterable(knowledge.values()))
    with run_or_none(settings.out, "eval", settings) as run:
        tagged: dict[Pairing, list[Tagged]] = {}
        for number, (pairing, texts) in enumerate(knowledge.items()):
            share = part_of(on_progress, number, len(pairings))
            tagged[pairing] = tag_all(predictor, shown_name(settings.model, config), posts, texts, share)
        result = _judged(settings, knowledge_label(named, settings.pairing), tagged, unknown)
        if run is not None:
            _write(run, settings, result, tagged[settings.pairing])
            run.facts["device"] = predictor.model.device
    if settings.out is not None:
        write_cards(settings.out)
    return result


def _judged(settings: EvalSettings, label: str, tagged: dict[Pairing, list[Tagged]], unknown: Json) -> Evaluation:
    rows = tagged[settings.pairing]
    counts = counted_knowledge([row.knowledge for row in rows])
    known = Known(_train(settings), _real(settings, rows))
    return Evaluation(
        settings.model,
        settings.dataset,
        settings.split,
        label,
        len(rows),
        sum(1 for row in rows if row.knowledge is not None and row.knowledge.weight > 0),
        counts["gated"],
        counts.get("without_similarity", 0),
        settings.rule,
        breakdown(rows, known, settings.rule, settings),
        _picture_test(tagged, settings) if settings.picture_test else None,
        settings.types,
        unknown,
    )


def paired(posts: Sequence[Post], settings: EvalSettings, pairing: Pairing, wanted: Wanted) -> list[Knowledge | None]:
    """Each post's own knowledge, that of another post (in a random ring, so that none gets its own), or none.

    Args:
        posts: of the split.
        settings: which knowledge, and the seed of the shuffle.
        pairing: own, shuffled or blank.
        wanted: what the model reads of a picture.

    Raises:
        KnowledgeError: the store has no knowledge of that name.
    """
    if pairing == "blank":
        return [None] * len(posts)
    if pairing == OWN:
        return knowledge_of(settings, settings.dataset, posts, wanted)
    order = list(range(len(posts)))
    random.Random(settings.resampling_seed).shuffle(order)  # noqa: S311
    giver = dict(zip(order, (*order[1:], order[0]), strict=True))
    # The text stays the post's, so that the scorer judges the foreign knowledge as it would at tag time.
    strangers = [
        replace(post, image_id=posts[giver[i]].image_id, image=posts[giver[i]].image) for i, post in enumerate(posts)
    ]
    return knowledge_of(settings, settings.dataset, strangers, wanted)


def _train(settings: EvalSettings) -> list[Post] | None:
    """The train split, where there is one and it is not the one that is scored."""
    folder = dataset_folder(settings.dataset, settings.data_dir)
    if settings.split == "train":
        return None
    try:
        split_file(folder, "train")
    except DataError:
        return None
    return list(load_split(folder, "train", settings.renaming()))


def _real(settings: EvalSettings, rows: Sequence[Tagged]) -> list[bool] | None:
    posts = [row.post for row in rows]
    own = [row.knowledge for row in rows]
    if settings.pairing != OWN:
        own = paired(posts, settings, OWN, Wanted())
    placeholders = placeholder_posts(settings, settings.dataset, posts, own)
    folder = images_folder(dataset_folder(settings.dataset, settings.data_dir), settings.images)
    looked = folder.is_dir()
    missing = [(looked and post.image is None) or post.id in placeholders for post in posts]
    return real_pictures([text_of(one) for one in own], missing)


def _picture_test(tagged: dict[Pairing, list[Tagged]], settings: EvalSettings) -> dict[Pairing, Against]:
    counts = {pairing: counted(rows, settings.rule) for pairing, rows in tagged.items()}
    return {
        pairing: Against(scores_of(one).f1, difference(counts[OWN], one, settings))
        for pairing, one in counts.items()
        if pairing != OWN
    }


def _write(run: Run, settings: EvalSettings, result: Evaluation, rows: Sequence[Tagged]) -> None:
    file = split_file(dataset_folder(settings.dataset, settings.data_dir), settings.split)
    run.write(SCORES, result.as_json())
    run.write(DATA, _data(settings, rows))
    with (run.folder / predictions_name(settings.split)).open("w", encoding="utf-8", newline="\n") as handle:
        handle.writelines(json_line(evaluated(row)) for row in rows)
    run.facts |= {
        "model": rows[0].model,
        "weights": weights_id(folder_of(settings.model)),
        "recipes": sorted({row.knowledge.recipe for row in rows if row.knowledge}),
        "data": {f"{settings.dataset}/{settings.split}": digest_file(file)},
    }


def _data(settings: EvalSettings, rows: Sequence[Tagged]) -> Json:
    posts = [row.post for row in rows]
    knowledge = [row.knowledge for row in rows]
    facts = split_facts(posts, knowledge, placeholder_posts(settings, settings.dataset, posts, knowledge))
    return {
        "splits": {f"{settings.dataset}/{settings.split}": facts},
        "findings": {settings.dataset: findings_of(settings.dataset, settings, ("train", settings.split))},
    }
