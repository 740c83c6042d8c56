"""train: data sets and their knowledge → a run folder with the tagger of the best validation F1."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mmavk_cli.base.records import Json, Knowledge
from mmavk_cli.base.run_record import SCORES, Run
from mmavk_cli.corpus.tokenize import as_trained, rules_like
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.dataset_facts import DATA, findings_of
from mmavk_cli.flows.shared.knowledge.compatibility import trained_with
from mmavk_cli.flows.shared.predict import predicted_tags
from mmavk_cli.flows.shared.progress import Log
from mmavk_cli.flows.shared.types import RENAMED
from mmavk_cli.flows.train.corpus import Corpus, fingerprints, read_corpus
from mmavk_cli.flows.train.freeze import remember
from mmavk_cli.flows.train.gate import Item, Splits, choose_gate, gate_now, hardly_open, learning_gate, let_through
from mmavk_cli.flows.train.long_names import long_names
from mmavk_cli.flows.train.memory import tell_memory
from mmavk_cli.flows.train.resume import is_first, points_of, training_log, training_run
from mmavk_cli.flows.train.settings import TrainSettings
from mmavk_cli.report import tensorboard as curves
from mmavk_cli.report.metrics.f1 import OVERALL, measure
from mmavk_cli.similarity.gate import AUTO, TRIED, Gate
from mmavk_cli.spans import lenient_spans, tag_names
from mmavk_cli.tagger.checkpoint import CUT_OTHERWISE, FINE, TaggerConfig
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.pieces import Cutter
from mmavk_cli.tagger.settings import PieceSettings

if TYPE_CHECKING:
    from mmavk_cli.tagger.batch import Example
    from mmavk_cli.tagger.inference.predictor import Predictor

BEST = "best"


def train(settings: TrainSettings, on_log: Log) -> Json:
    """Train a tagger; returns the scores of the epoch that was kept. `on_log` gets a dictionary a log line.

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
                on_log({"split": split, **count})
            for line in (*corpus.of_types(), *long_names(settings, corpus)):
                on_log(line)
            if note := hardly_open(let_through(corpus.train, corpus.gate)):
                on_log({"note": f"{note}; lower --threshold, or see the similarities with mmavk score"})
            tell_memory(settings, corpus, on_log)
            found = {name: findings_of(name, settings, ("train", "valid")) for name in settings.dataset}
            run.write(DATA, {"splits": corpus.facts, "findings": found})
        best = _fit(settings, corpus, run, on_log)
        run.write(SCORES, best)
    if not is_first():
        return {}
    write_cards(settings.out)
    return best


def _fit(settings: TrainSettings, corpus: Corpus, run: Run, on_log: Log) -> Json:
    from mmavk_cli.tagger.build import untrained
    from mmavk_cli.tagger.inference.predictor import Predictor
    from mmavk_cli.tagger.inference.torch_model import TorchModel, save_model
    from mmavk_cli.tagger.training.train import fit

    tags = tag_names(corpus.types)
    pieces = PieceSettings(**{name: getattr(settings, name) for name in PieceSettings.model_fields})
    encoder = ENCODERS[settings.encoder_kind]()
    source = encoder.folder(settings.encoder)
    cutter = encoder.cutter(source, pieces)
    facts = {"datasets": settings.dataset, "seed": settings.seed}
    facts |= trained_with(settings, (one for _, one in corpus.train))
    facts |= {RENAMED: settings.types} if settings.types else {}
    if not pieces.recut:
        facts[FINE], share = rules_like(post for post, _ in corpus.train)
        facts[CUT_OTHERWISE] = round(share, 4)
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
        scores = validate(Predictor(TorchModel(network), cutter, config), corpus.valid, settings.select)
        gate = asdict(gate_now(network, corpus.gate))
        if scores["f1"] > best.get("f1", -1.0):
            best.update(scores, epoch=epoch)
            save_model(network, replace(config, gate=gate), run.folder / "model")
            encoder.save_cutter(source, run.folder / "model")
        return scores

    with training_log(settings, run, points, on_log) as log:
        examples = [_example(item, cutter, config) for item in corpus.train]
        if network.fusion.frozen is not None:
            knowledge = (one for items in (corpus.train, *corpus.valid.values()) for _, one in items)
            remember(network.fusion.frozen, knowledge, cutter, on_log if is_first() else lambda _: None)
        fit(network, examples, settings, cutter.unknown, evaluate, log, points)
    if settings.threshold == AUTO and is_first():
        on_log({"threshold": AUTO, "trying": TRIED + 1})
        best.update(
            choose_gate(run.folder / "model", corpus.valid, settings, partial(validate, select=settings.select))
        )
    if is_first():
        found = let_through(corpus.train, Gate(**TaggerConfig.read(run.folder / "model").gate))
        run.facts["gate"] = found
        if settings.found_by_training and (note := hardly_open(found)):
            on_log({"note": note})
        points.remove()
    run.facts["device"] = str(network.device)
    return dict(best)


def _example(item: Item, cutter: Cutter, config: TaggerConfig) -> "Example":
    """A post to train on. An I- that continues nothing begins a name: a decoder could not learn it as it stands."""
    post, knowledge = item
    seen = as_trained(post, config.pieces.recut, config.fine)
    example = FUSIONS[config.pieces.fusion]().example(cutter, seen.words, knowledge)
    return replace(example, gold=tuple(lenient_spans(seen.tags or ())))


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
            tags = predicted_tags(predictor, posts, knowledge)
            scores[f"f1_{name}_{kind}"] = round(measure(gold, tags, "strict")[OVERALL].f1, 2)
    return scores | {"f1": sum(scores.values()) / len(scores)}
