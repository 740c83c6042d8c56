"""train: data sets and their knowledge → a run folder with the tagger of the best validation F1."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import model_validator

import mmavk_cli.tagger
from mmavk_cli.base.digest import digest_file
from mmavk_cli.base.errors import KnowledgeError, UsageError
from mmavk_cli.base.paths import dataset_folder, split_file
from mmavk_cli.base.records import TYPES, Json, Knowledge
from mmavk_cli.base.run_record import SCORES, Run
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.base.suggest import near
from mmavk_cli.corpus.tokenize import recut
from mmavk_cli.flows.evaluate.evaluate import predicted_tags
from mmavk_cli.flows.shared.dataset_facts import DATA, findings_of, split_facts
from mmavk_cli.flows.shared.knowledge.attach import (
    KnowledgeChoice,
    Wanted,
    check_any,
    check_tags,
    counted_knowledge,
    features_read,
    gold_posts,
    scored_knowledge,
    trained_with,
)
from mmavk_cli.flows.shared.seeds import SeedChoice
from mmavk_cli.flows.train.freeze import remember
from mmavk_cli.flows.train.gate import Item, Splits, choose_gate, gate_now, learning_gate, regated, similarities
from mmavk_cli.flows.train.memory import tell_memory
from mmavk_cli.flows.train.resume import is_first, points_of, training_log, training_run
from mmavk_cli.report import tensorboard as curves
from mmavk_cli.report.metrics.f1 import OVERALL, measure
from mmavk_cli.similarity.gate import AUTO, LEARNED, NONE, TRIED, Gate
from mmavk_cli.spans import lenient_spans, tag_names
from mmavk_cli.tagger.checkpoint import TaggerConfig
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.pieces import Cutter
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings

if TYPE_CHECKING:
    from mmavk_cli.tagger.batch import Example
    from mmavk_cli.tagger.inference.predictor import Predictor

RECIPES = Path(mmavk_cli.tagger.__file__).parent / "recipes"
BEST = "best"

Tell = Callable[[Json], None]


class TrainSettings(SeedChoice, TrainingSettings, PieceSettings, KnowledgeChoice, Common):
    """What `mmavk train` asks."""

    dataset: list[str] = setting(..., "Data set; give it again to train on several.", metavar="NAME")
    recipe: str | None = setting(None, "Settings to start from: `mmavk` (the paper's), `embedded`, or a TOML file.")
    out: Path = setting(..., "Run folder to make.")
    resume: bool = setting(False, "Continue an interrupted training, to the same weights; give the same command.")
    dry_run: bool = setting(False, "Count, estimate the memory, show all settings; train nothing.")
    tensorboard: bool = setting(False, "Write curves for TensorBoard into the run folder too.")
    require_knowledge: bool = setting(False, "Stop when a post has no knowledge.")
    format: Literal["table", "json"] = setting("table", "How to print the scores, or the plan of --dry-run.")

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        fusion = FUSIONS[self.fusion]
        if self.freeze_knowledge and not fusion.can_freeze:
            able = " or ".join(FUSIONS.having(lambda one: one.can_freeze))
            raise ValueError(f"--freeze-knowledge: only --fusion {able} has knowledge vectors, not {self.fusion}")
        if self.threshold == LEARNED and not fusion.learns_gate:
            able = " or ".join(FUSIONS.having(lambda one: one.learns_gate))
            what = f"only --fusion {able} can learn how much knowledge counts, not {self.fusion}"
            raise ValueError(f"--threshold: {what}")
        if self.knowledge is None and "image" not in fusion.reads:
            if self.found_by_training:
                raise ValueError(f"--threshold: {self.threshold} needs --knowledge")
            if self.require_knowledge:
                raise ValueError("--require-knowledge: it needs --knowledge")
        return self

    @property
    def reads_knowledge(self) -> bool:
        """Whether the fusion takes text about pictures."""
        return "knowledge" in FUSIONS[self.fusion].reads

    @classmethod
    def recipe_file(cls, name: str) -> Path:
        """A recipe that ships with mmavk, by name, or a TOML file.

        Raises:
            UsageError: there is no such recipe.
        """
        if name.endswith(".toml"):
            return Path(name)
        path = RECIPES / f"{name}.toml"
        if not path.is_file():
            advice = near(name, (one.stem for one in RECIPES.glob("*.toml")))
            raise UsageError(f"no recipe {name!r}", "--recipe", f"{advice} A file is named with its .toml")
        return path


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


def train(settings: TrainSettings, tell: Tell) -> Json:
    """Train a tagger; returns the scores of the epoch that was kept. `tell` gets a dictionary a log line.

    Under `torchrun` the first process alone writes and tells; the others return nothing.

    Raises:
        DataError: a data set or the run folder. KnowledgeError: no such knowledge. MissingError: no such encoder.
        UsageError: training failed to learn, or is resumed with other settings. MemoryShortError: memory ran out.
    """
    if settings.tensorboard:
        curves.check()
    corpus = read_corpus(settings)
    facts: Json = {"data": fingerprints(settings), "recipes": sorted({one.recipe for _, one in corpus.train if one})}
    with training_run(settings, facts) as run:
        run.facts |= {**facts, "counts": corpus.counts, "encoder_is_folder": Path(settings.encoder).is_dir()}
        if is_first():
            for split, count in corpus.counts.items():
                tell({"split": split, **count})
            tell_memory(settings, tag_names(TYPES), corpus.features, tell)
            found = {name: findings_of(name, settings.data_dir, ("train", "valid")) for name in settings.dataset}
            run.write(DATA, {"splits": corpus.facts, "findings": found})
        best = _fit(settings, corpus, run, tell)
        run.write(SCORES, best)
    return best if is_first() else {}


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
        facts={f"{a}/{b}": split_facts(*zip(*items, strict=True)) for (a, b), items in splits.items()},
    )


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


def _fit(settings: TrainSettings, corpus: Corpus, run: Run, tell: Tell) -> Json:
    from mmavk_cli.tagger.build import untrained
    from mmavk_cli.tagger.inference.predictor import Predictor
    from mmavk_cli.tagger.inference.torch_model import TorchModel, save_model
    from mmavk_cli.tagger.training.train import fit

    tags = tag_names(TYPES)
    pieces = PieceSettings(**{name: getattr(settings, name) for name in PieceSettings.model_fields})
    encoder = ENCODERS[settings.encoder_kind]()
    source = encoder.folder(settings.encoder)
    cutter = encoder.cutter(source, pieces)
    facts = {"datasets": settings.dataset, "seed": settings.seed}
    facts |= trained_with(settings, (one for _, one in corpus.train))
    network = untrained(settings, pieces, tags, corpus.features, learning_gate(settings, corpus.gate))
    config = TaggerConfig(
        tags,
        pieces,
        settings.encoder,
        facts,
        visual=corpus.features,
        frozen=settings.freeze_knowledge,
        encoder_kind=settings.encoder_kind,
        decoder=settings.decoder,
    )
    points = points_of(settings, run)
    best = points.memo.setdefault(BEST, {})

    def evaluate(epoch: int) -> Json:
        scores = validate(Predictor(TorchModel(network), cutter), corpus.valid, settings.select)
        gate = asdict(gate_now(network, corpus.gate))
        if scores["f1"] > best.get("f1", -1.0):
            best.update(scores, epoch=epoch)
            save_model(network, replace(config, gate=gate), run.folder / "model")
            encoder.save_cutter(source, run.folder / "model")
        return scores

    with training_log(settings, run, points, tell) as log:
        examples = [_example(item, cutter) for item in corpus.train]
        if network.fusion.frozen is not None:
            items = [*corpus.train, *(item for own in corpus.valid.values() for item in own)]
            remember(network.fusion.frozen, (one for _, one in items), cutter, tell if is_first() else lambda _: None)
        fit(network, examples, settings, cutter.unknown, evaluate, log, points)
    if settings.threshold == AUTO and is_first():
        tell({"threshold": AUTO, "trying": TRIED + 1})
        best.update(
            choose_gate(run.folder / "model", corpus.valid, settings, partial(validate, select=settings.select))
        )
    if is_first():
        points.remove()
    run.facts["device"] = str(network.device)
    return dict(best)


def _example(item: Item, cutter: Cutter) -> "Example":
    """A post to train on. An I- that continues nothing begins a name: a decoder could not learn it as it stands."""
    post, knowledge = item
    as_trained = recut(post) if cutter.settings.recut else post
    example = FUSIONS[cutter.settings.fusion]().example(cutter, as_trained.words, knowledge)
    return replace(example, gold=tuple(lenient_spans(as_trained.tags or ())))


def validate(predictor: "Predictor", valid: Splits, select: str) -> Json:
    """Strict F1 of each data set; `f1`, their mean, chooses the epoch.

    With `own` the posts have their knowledge, as in the paper; with `mean` each is scored without any too.
    """
    scores: Json = {}
    for name, items in valid.items():
        posts = [post for post, _ in items]
        gold = [post.tags or () for post in posts]
        kinds: dict[str, Sequence[Knowledge | None]] = {"own": [knowledge for _, knowledge in items]}
        if select == "mean" and any(kinds["own"]):
            kinds["none"] = [None] * len(posts)
        for kind, knowledge in kinds.items():
            tags = predicted_tags(predictor, posts, knowledge, lambda _done, _all: None)
            scores[f"f1_{name}_{kind}"] = round(measure(gold, tags, "strict")[OVERALL].f1, 2)
    return scores | {"f1": sum(scores.values()) / len(scores)}
