"""The model card: of a training, of several seeds of one, and of an exported tagger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmavk_cli.base.records import PICTURES, Json
from mmavk_cli.report.card.sections import Card, data_section, making, scores_section
from mmavk_cli.report.metrics.f1 import OVERALL
from mmavk_cli.report.table_section import Section

ENGLISH = frozenset({"twitter2015", "twitter2017"})
"""Data sets that are known to be in English; of others the language is for the user to say."""

TAGS = ("mmavk", "named-entity-recognition", "multimodal", "social-media")
HUB_NAMES = {"minilm": "sentence-transformers/all-MiniLM-L6-v2"}
KINDS = {"own": "with its own knowledge", "none": "without any"}


@dataclass(frozen=True, slots=True)
class CardOptions:
    """What the user says of a model, for no record holds it."""

    license: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """What the parts of a tagger say of themselves.

    Attributes:
        reads: what it can take beside the words: `knowledge`, `image`, or nothing.
        encoder: what kind of network the encoder is; empty for the usual kind.
        fusion: what the fusion does; empty where it does nothing.
        decoder: what the decoder does.
        score: what an entity's score is.
    """

    reads: frozenset[str]
    encoder: str
    fusion: str
    decoder: str
    score: str


@dataclass(frozen=True, slots=True)
class Model:
    """What a model card is made of.

    Attributes:
        name: what to call it.
        config: its `tagger.json`.
        parts: of what it is made.
        run: the `run.json` beside it, empty where there is none; an export has its training's in `training`.
        scores: of the validation splits, scores.json of the training.
        data: data.json of the training.
        tests: `run.json` and scores.json of each evaluation of this very model.
    """

    name: str
    config: Json
    parts: Parts
    run: Json
    scores: Json
    data: Json
    tests: Sequence[tuple[Json, Json]] = ()

    @property
    def training(self) -> Json:
        """The run.json of the training."""
        return self.run if self.run.get("command") == "train" else self.run.get("training") or {}

    @property
    def exported(self) -> bool:
        """It is no training's own model, but was made of one."""
        return self.run.get("command") == "export"

    @property
    def datasets(self) -> list[str]:
        """What it was trained on."""
        return [str(one) for one in self.config["trained"].get("datasets") or ()]


def model_card(model: Model, options: CardOptions) -> Card:
    """The card of one tagger."""
    makings = [making("How it was exported", {"": model.run})] if model.exported else []
    makings += [making("How it was trained", {"": model.training})] if model.training else []
    results = [validation_section(model), *(_test_section(*test) for test in model.tests)]
    return Card(
        "model", model.name, tuple(makings), tuple(one for one in results if one), data_section(model.data),
        _front(model, options), _about(model),
    )  # fmt: skip


def seeds_card(name: str, runs: Mapping[str, Json], scores: Json) -> Card:
    """The card of a folder with several seeds: `runs` are their run.json by their folders, `scores` its scores.json."""
    numbers = [one for one in scores if one not in {"runs", "epoch"}]
    rows = []
    for seed, row in scores["runs"].items():
        numbers_of = [f"{row[one]:.2f}" for one in numbers]
        rows.append((f"seed-{seed}", *numbers_of))
    rows += [("mean", *(f"{scores[one]['mean']:.2f}" for one in numbers))]
    if all(scores[one]["sd"] is not None for one in numbers):
        rows += [("sd", *(f"{scores[one]['sd']:.2f}" for one in numbers))]
    head = ("validation, strict", *(one.replace("_", " ") for one in numbers))
    section = Section("F1 of each seed's kept epoch", head, tuple(rows), ())
    return Card("seeds", name, (making("How they were trained", runs),), (section,), about={"folders": list(runs)})


def validation_section(model: Model) -> Section | None:
    """F1 of the kept epoch on each validation split; None where no record says it."""
    found = [(one, KINDS[kind], f"{model.scores[f'f1_{one}_{kind}']:.2f}") for one, kind in _validated(model)]
    heading = "Validation, before the export" if model.exported else "Validation"
    return Section(heading, ("data set", "knowledge", "strict F1"), tuple(found), (), 2) if found else None


def _validated(model: Model) -> list[tuple[str, str]]:
    return [(one, kind) for one in model.datasets for kind in KINDS if f"f1_{one}_{kind}" in model.scores]


def _test_section(run: Json, scores: Json) -> Section:
    heading = f"{run['settings']['dataset']} {run['settings']['split']}, knowledge: {scores['knowledge']}"
    return scores_section(heading, scores)


def _about(model: Model) -> Json:
    """What the prose of the card asks."""
    pieces, trained = model.config["pieces"], model.config["trained"]
    gate = {name: value for name, value in model.config["gate"].items() if value is not None}
    gate_words = ", ".join(f"{name} {value:g}" for name, value in gate.items())
    knowledge = PICTURES if "image" in model.parts.reads else trained.get("knowledge")
    return {
        "encoder": model.config["encoder"],
        "fusion": pieces["fusion"],
        "decoder": model.config["decoder"],
        "parts": model.parts,
        "reads": next(iter(model.parts.reads), "") if knowledge else "",
        "knowledge": knowledge,
        "let_through": (model.training.get("gate") or {}).get("let_through"),
        "gate": gate_words if "threshold" in gate else "none",
        "types": sorted({tag[2:] for tag in model.config["tags"] if tag != "O"}),
        "datasets": model.datasets,
        "english": bool(model.datasets) and set(model.datasets) <= ENGLISH,
        "tested": bool(model.tests),
        "exported": model.exported,
        "int8": bool((model.run.get("settings") or {}).get("int8")),
        "epoch": model.scores.get("epoch"),
        "selected": (model.training.get("settings") or {}).get("select"),
    }


def _front(model: Model, options: CardOptions) -> str:
    """The YAML that the hub reads; a licence and a language that nobody gave are not in it."""
    from huggingface_hub import ModelCardData

    english = "en" if model.datasets and set(model.datasets) <= ENGLISH else None
    results = _results(model)
    data = ModelCardData(
        language=options.language or english,
        license=options.license,
        library_name="mmavk",
        pipeline_tag="token-classification",
        tags=list(TAGS),
        datasets=model.datasets or None,
        base_model=_base_model(model),
        metrics=["precision", "recall", "f1"],
        model_name=model.name if results else None,
        eval_results=results or None,
    )
    return f"---\n{data.to_yaml()}\n---\n"


def _base_model(model: Model) -> str | None:
    """The encoder's id on the hub; None for a folder, which says nothing to others, and where no record tells."""
    encoder = str(model.config["encoder"])
    named = model.training.get("encoder_is_folder") is False
    return HUB_NAMES.get(encoder, encoder if named else None)


def _results(model: Model) -> list[Any]:
    """The scores in the hub's form. An export's are those of its own evaluations alone."""
    found = []
    if not model.exported:
        found += [
            _result(one, "validation", kind, "f1", model.scores[f"f1_{one}_{kind}"]) for one, kind in _validated(model)
        ]
    for run, scores in model.tests:
        asked, overall = run["settings"], scores["strict"][OVERALL]
        found += [
            _result(asked["dataset"], asked["split"], scores["knowledge"], metric, overall[metric])
            for metric in ("precision", "recall", "f1")
        ]
    return found


def _result(dataset: str, split: str, knowledge: str, metric: str, value: float) -> Any:
    from huggingface_hub import EvalResult

    return EvalResult(
        task_type="token-classification",
        task_name="Named entity recognition",
        dataset_type=dataset,
        dataset_name=dataset,
        dataset_split=split,
        dataset_args={"knowledge": knowledge},
        metric_type=metric,
        metric_name=f"{metric} in percent, strict IOB2, knowledge: {knowledge}",
        metric_value=round(value, 2),
    )
