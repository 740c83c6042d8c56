"""sweep: a trained model at every threshold (the paper's Figure 4), from two passes over the posts.

A post's names depend on its own knowledge and the weight of that alone, and a hard gate gives one of two weights. So
the posts are tagged with all knowledge in full and with all of it gated, and each threshold takes every post from the
one or the other: thirty thresholds cost what one costs, whatever the model's fusion.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mmavk_cli.base.errors import KnowledgeError, UsageError
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import Json, Knowledge, Post
from mmavk_cli.base.settings import Common, StorePlace, setting
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.dataset_facts import TypedData
from mmavk_cli.flows.shared.datasets import gold_posts
from mmavk_cli.flows.shared.knowledge.attach import KnowledgeChoice, OtherKnowledge, Wanted, scored_knowledge
from mmavk_cli.flows.shared.knowledge.clip_lookup import clip_similarities, scorer_name
from mmavk_cli.flows.shared.knowledge.compatibility import check_any, check_recipes
from mmavk_cli.flows.shared.knowledge.similarity import similarity_of
from mmavk_cli.flows.shared.models import folder_of, open_model, own_gate, shown_name
from mmavk_cli.flows.shared.options import DATASET, EMBEDDED_OR_SEEDS, KNOWLEDGE, MODEL, OUT, SPLIT, Printed, Split
from mmavk_cli.flows.shared.predict import tag_all
from mmavk_cli.flows.shared.progress import Progress, part_of
from mmavk_cli.flows.shared.run_folder import run_or_none
from mmavk_cli.flows.shared.seeds import seed_folders
from mmavk_cli.flows.shared.thresholds import TEXT, Thresholds, gated_by
from mmavk_cli.flows.shared.types import unknown_types, with_types_of
from mmavk_cli.report.metrics.breakdown import counted
from mmavk_cli.report.metrics.counts import Count
from mmavk_cli.report.metrics.seeds import seed_scores
from mmavk_cli.report.metrics.significance import ResamplingSettings
from mmavk_cli.report.paper.fig4 import Sweep, swept
from mmavk_cli.report.plots import can_plot, plot_sweeps
from mmavk_cli.report.table_section import Section
from mmavk_cli.similarity.clip_source import SCORER, ClipChoice, Scorer
from mmavk_cli.similarity.gate import BelowChoice
from mmavk_cli.store.store import Store
from mmavk_cli.tagger.checkpoint import TaggerConfig
from mmavk_cli.tagger.fusions.registry import FUSIONS

FILE = "sweep"


class SweepSettings(Printed, Thresholds, OtherKnowledge, BelowChoice, ClipChoice, StorePlace, TypedData, Common):
    """Options of `mmavk sweep`."""

    model: str = setting(..., MODEL, here=EMBEDDED_OR_SEEDS)
    dataset: str = setting(..., DATASET, metavar="NAME")
    split: Split = setting("test", SPLIT)
    knowledge: str = setting(..., KNOWLEDGE, metavar="NAME")
    scorer: Scorer | None = setting(None, SCORER, here="[default: clip where the store has its scores, else text]")
    out: Path | None = setting(None, OUT, here="run folder with sweep.json and the figure (PNG, SVG).")


@dataclass(frozen=True, slots=True)
class Swept:
    """One model's curve: the `sweep` itself, which split, what gated knowledge counts, and who gave the similarities
    (`text`, or the name and id of a CLIP).
    """

    run: str
    split: str
    below: float
    scorer: str
    scorer_id: str
    sweep: Sweep

    def as_json(self) -> Json:
        """One JSON object; shares in [0, 1], scores in percent."""
        own = {"run": self.run, "split": self.split, "below": self.below}
        return own | self.sweep.as_json() | {"scorer": self.scorer, "scorer_id": self.scorer_id}

    def section(self) -> Section:
        """The curve as a table for people."""
        made = self.sweep.section()
        best = max(self.sweep.points, key=lambda one: one.scores.f1.mean)
        heading = f"{self.run} on {self.sweep.dataset} {self.split}, {self.sweep.knowledge}, strict"
        remarks = [
            f"similarity by {self.sweep.scorer}; knowledge under the threshold counts {self.below:g}",
            f"highest F1 {best.scores.f1} at {best.threshold:g}: chosen on these posts, so it flatters",
            made.remarks[3],
            *self.sweep.notes,
        ]
        return replace(made, heading=heading, remarks=tuple(remarks))


def sweep(settings: SweepSettings, on_progress: Progress) -> Swept:
    """Score a trained model at every threshold; writes a run folder when asked to.

    Raises:
        DataError: the data set, split or run folder. MissingError: no such model. KnowledgeError: no such knowledge,
        none of these posts, or other than the model was trained with; no scores by CLIP that was asked for.
        UsageError: the model reads no knowledge.
    """
    settings, posts, missed = _typed_posts(settings)
    place = {name: getattr(settings, name) for name in ("knowledge", "store", "data_dir", "images")}
    choice = KnowledgeChoice(**place)
    knowledge = scored_knowledge(choice, settings.dataset, posts, Wanted(needs_scores=True))
    check_any(settings.knowledge, settings.dataset, settings.split, knowledge)
    similarities, scorer, scorer_id, notes = _similarities(settings, posts, knowledge)
    with run_or_none(settings.out, "sweep", settings) as run:
        below = _below(settings)
        found = _swept(settings, posts, knowledge, similarities, (scorer, [*notes, *missed]), below, on_progress)
        result = Swept(settings.model, settings.split, below, scorer, scorer_id, found)
        if run is not None:
            run.write(f"{FILE}.json", result.as_json())
            run.facts |= {"scorer": scorer, "scorer_id": scorer_id}
            if can_plot():
                plot_sweeps([found], run.folder / FILE)
    if settings.out is not None:
        write_cards(settings.out)
    return result


def _typed_posts(settings: SweepSettings) -> tuple[SweepSettings, list[Post], list[str]]:
    """The settings and posts with the types of the model's training, and a note a type that it cannot find."""
    first = next(iter(seed_folders(Path(settings.model)).values()), settings.model)
    config = TaggerConfig.read(folder_of(str(first)))
    settings = with_types_of(settings, config)
    renaming = settings.renaming()
    posts = gold_posts(settings.dataset, settings.split, settings, renaming)
    unknown = unknown_types(posts, renaming, settings.dataset, config, settings.model)
    notes = [f"the model has no type {kind!r}: names missed {met['names']}" for kind, met in unknown.items()]
    return settings, posts, notes


def _similarities(
    settings: SweepSettings, posts: Sequence[Post], knowledge: Sequence[Knowledge | None]
) -> tuple[list[float | None], str, str, list[str]]:
    """Of each post that has knowledge; with the scorer's name and id, and what a person should know."""
    notes: list[str] = []
    if settings.scorer != "text":
        try:
            with Store(store_folder(settings.store), read_only=True) as store:
                recipe, values = clip_similarities(store, posts, scorer_name(settings))
            if all(value is None for value in values):
                raise KnowledgeError("no post has its picture here", settings.dataset, "Give --images")
        except KnowledgeError as error:
            if settings.scorer == "clip":
                raise
            notes.append(f"no CLIP: {error.what}")
        else:
            never = sum(one is not None and value is None for one, value in zip(knowledge, values, strict=True))
            if never:
                notes.append(f"{never} posts have knowledge but no picture for CLIP: it is gated")
            return gated_by(knowledge, values), recipe.name, recipe.id, notes
    text_scorer = next(one.scorer or "" for one in knowledge if one)
    return [similarity_of(one) for one in knowledge], "text", text_scorer, notes


def _below(settings: SweepSettings) -> float:
    """The weight of gated knowledge: that of the flag, else of the model's own gate."""
    if settings.below is not None:
        return settings.below
    name = str(next(iter(seed_folders(Path(settings.model)).values()), settings.model))
    return own_gate(name, TaggerConfig.read(folder_of(name))).below


def _swept(
    settings: SweepSettings,
    posts: Sequence[Post],
    knowledge: Sequence[Knowledge | None],
    similarities: Sequence[float | None],
    scorer: tuple[str, list[str]],
    below: float,
    on_progress: Progress,
) -> Sweep:
    from mmavk_cli.tagger.inference.cached_predictor import CachedPredictor

    models = seed_folders(Path(settings.model))
    named = {seed: str(folder) for seed, folder in models.items()} or {0: settings.model}
    weights = dict.fromkeys((1.0, below, 0.0))
    counts: dict[float, dict[int, list[Count]]] = {weight: {} for weight in weights}
    seeds: dict[int, int] = {}
    encoder = ""
    for number, (seed, name) in enumerate(named.items()):
        opened, config = open_model(name)
        if "knowledge" not in FUSIONS[config.pieces.fusion].reads:
            what = f"a model of the fusion {config.pieces.fusion} reads no knowledge"
            readers = FUSIONS.having(lambda one: "knowledge" in one.reads)
            raise UsageError(what, "--model", f"Name one of the fusion {' or '.join(readers)}")
        if not settings.other_knowledge:
            check_recipes(settings.knowledge, config, knowledge)
        predictor = CachedPredictor(opened)
        encoder = config.encoder
        seeds[seed] = seed if models else int(config.trained.get("seed", 0))
        for at, weight in enumerate(weights):
            weighed = [one and replace(one, weight=weight) for one in knowledge]
            share = part_of(on_progress, number * len(weights) + at, len(named) * len(weights))
            rows = tag_all(predictor, shown_name(name, config), posts, weighed, share)
            counts[weight][seeds[seed]] = counted(rows, "strict")
    thresholds = settings.tried(by_text=scorer[0] == "text")
    drawn = ResamplingSettings()
    return Sweep(
        settings.dataset,
        TEXT if scorer[0] == "text" else scorer[0],
        encoder,
        settings.knowledge,
        tuple(seeds.values()),
        swept(counts[1.0], counts[below], similarities, thresholds),
        seed_scores(counts[1.0], drawn),
        seed_scores(counts[0.0], drawn),
        tuple(scorer[1]),
    )
