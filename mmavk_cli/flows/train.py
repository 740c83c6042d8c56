"""train: data sets and their knowledge → a run folder with the tagger of the best validation F1."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import mmavk_cli.tagger
from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.fingerprint import digest_file
from mmavk_cli.base.places import dataset_folder, split_file
from mmavk_cli.base.records import TYPES, Json, Knowledge, Post
from mmavk_cli.base.run import Run, new_run
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.corpus.words import recut
from mmavk_cli.flows.evaluate import predicted_tags
from mmavk_cli.flows.knowledge import KnowledgeChoice, gated, gold_posts, scored_knowledge
from mmavk_cli.flows.seeds import SeedChoice
from mmavk_cli.report.measures import OVERALL, measure
from mmavk_cli.similarity.gate import NONE, Gate
from mmavk_cli.spans import repaired, tag_names
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings

if TYPE_CHECKING:
    from mmavk_cli.tagger.batch import Example
    from mmavk_cli.tagger.predict import Predictor

RECIPES = Path(mmavk_cli.tagger.__file__).parent / "recipes"

Tell = Callable[[Json], None]
Item = tuple[Post, Knowledge | None]


class TrainSettings(SeedChoice, TrainingSettings, PieceSettings, KnowledgeChoice, Common):
    """What `mmavk train` asks."""

    dataset: list[str] = setting(..., "Data set; give it again to train on several.")
    recipe: str | None = setting(None, "Settings to start from: `embedded`, or a TOML file.")
    out: Path = setting(..., "Run folder to make.")

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
            known = ", ".join(sorted(one.stem for one in RECIPES.glob("*.toml")))
            raise UsageError(f"no recipe {name!r}", "--recipe", f"There is: {known}; or name a .toml file")
        return path


@dataclass(frozen=True, slots=True)
class Corpus:
    """Training posts and, a data set, validation posts, each with its knowledge, weighed by the gate."""

    train: list[Item]
    valid: dict[str, list[Item]]
    gate: Gate


def train(settings: TrainSettings, tell: Tell) -> Json:
    """Train a tagger; returns the scores of the epoch that was kept. `tell` gets a dictionary a log line.

    Raises:
        DataError: a data set or the run folder. KnowledgeError: no such knowledge. MissingError: no such encoder.
    """
    corpus = read_corpus(settings)
    with new_run(settings.out, "train", settings) as run:
        run.facts["data"] = fingerprints(settings)
        run.facts["recipes"] = sorted({one.recipe for _, one in corpus.train if one})
        best = _fit(settings, corpus, run, tell)
        run.write("scores.json", best)
    return best


def read_corpus(settings: TrainSettings) -> Corpus:
    """The train and validation splits of every data set, with knowledge; never the test split.

    Raises:
        DataError: a split is missing or empty, or a tag has a type we do not know.
    """
    train: list[Item] = []
    valid: dict[str, list[Item]] = {}
    for name in settings.dataset:
        train += _items(settings, name, "train")
        valid[name] = _items(settings, name, "valid")
    similarities = [one.similarity for _, one in train if one is not None and one.similarity is not None]
    gate = settings.training_gate(similarities)
    return Corpus(regated(train, gate), {name: regated(items, gate) for name, items in valid.items()}, gate)


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
    known = set(tag_names(TYPES))
    for post in posts:
        if unknown := set(post.tags or ()) - known:
            raise DataError(f"unknown tag {min(unknown)!r}", post.where, f"Types are {', '.join(TYPES)}")
    scored = settings.threshold not in (None, NONE)
    return list(zip(posts, scored_knowledge(settings, dataset, posts, scored=scored), strict=True))


def regated(items: Sequence[Item], gate: Gate) -> list[Item]:
    """The same posts, their knowledge weighed by `gate`."""
    posts, knowledge = [post for post, _ in items], [one for _, one in items]
    return list(zip(posts, gated(knowledge, gate), strict=True))


def _fit(settings: TrainSettings, corpus: Corpus, run: Run, tell: Tell) -> Json:
    from mmavk_cli.tagger.checkpoint import TaggerConfig
    from mmavk_cli.tagger.encoder import encoder_folder, encoder_tokenizer, save_tokenizer
    from mmavk_cli.tagger.predict import Predictor
    from mmavk_cli.tagger.torch_model import TorchEmitter, save_model
    from mmavk_cli.tagger.training import build, fit

    tags = tag_names(TYPES)
    pieces = PieceSettings(**{name: getattr(settings, name) for name in PieceSettings.model_fields})
    source = encoder_folder(settings.encoder)
    cutter = PieceCutter(encoder_tokenizer(source), pieces)
    facts = {"datasets": settings.dataset, "knowledge": settings.knowledge, "seed": settings.seed}
    model = build(settings, pieces, tags)
    config = TaggerConfig(tags, pieces, settings.encoder, facts, asdict(corpus.gate))
    best: Json = {}

    def evaluate(epoch: int) -> Json:
        scores = validate(Predictor(TorchEmitter(model, config), cutter), corpus.valid, settings.select)
        if scores["f1"] > best.get("f1", -1.0):
            best.update(scores, epoch=epoch)
            save_model(model, config, run.folder / "model")
            save_tokenizer(source, run.folder / "model")
        return scores

    def log(line: Json) -> None:
        run.log(line)
        tell(line)

    examples = [_example(item, cutter, tags) for item in corpus.train]
    fit(model, examples, settings, cutter.unknown, evaluate, log)
    run.facts["device"] = str(next(model.parameters()).device)
    return best


def _example(item: Item, cutter: PieceCutter, tags: tuple[str, ...]) -> "Example":
    from mmavk_cli.tagger.batch import Example

    post, knowledge = item
    as_trained = recut(post) if cutter.settings.recut else post
    gold = tuple(tags.index(tag) for tag in repaired(as_trained.tags or ()))
    return Example.of(cutter, as_trained.words, knowledge, gold)


def validate(predictor: "Predictor", valid: dict[str, list[Item]], select: str) -> Json:
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
