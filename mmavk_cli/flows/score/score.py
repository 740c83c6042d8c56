"""score: posts and their pictures → similarities in the store, and what a threshold does to them."""

import json
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Self

from pydantic import field_validator, model_validator

from mmavk_cli.base.errors import DataError, install
from mmavk_cli.base.images import PictureLimits
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.records import BadRow, Counted, Json, Post
from mmavk_cli.base.run_record import Run
from mmavk_cli.base.settings import Common, StorePlace, setting
from mmavk_cli.flows.score.picture_scorer import Outcome, PictureScorer, ScoredPost
from mmavk_cli.flows.score.posts import Part, parts_of, pictures_or_advice
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.knowledge.clip_scorer import ClipOfStore
from mmavk_cli.flows.shared.models import scorer_folder
from mmavk_cli.flows.shared.options import KNOWLEDGE, OUT, SPLIT, Printed, RetryFailed, Split
from mmavk_cli.flows.shared.post_source import PostSource
from mmavk_cli.flows.shared.progress import OnFault, Progress
from mmavk_cli.flows.shared.run_folder import run_or_none
from mmavk_cli.report.metrics.similarities import Distribution, distribution
from mmavk_cli.report.paper.published import published_similarity
from mmavk_cli.report.plots import can_plot, plot_histogram
from mmavk_cli.similarity.clip_source import SCORER, ClipSettings, Scorer
from mmavk_cli.store.store import Store, knowledge_for

SIMILARITIES, HISTOGRAM = "similarity.jsonl", "histogram"
TEXT = "text"

COUNTS = ("posts", "scored", "without_picture", "without_text", "without_knowledge", "cut", "bad_pictures", "bad_rows")


class ScoreSettings(Printed, RetryFailed, ClipSettings, PictureLimits, PostSource, StorePlace, Common):
    """Options of `mmavk score`."""

    split: Split | None = setting(None, SPLIT, here="[default: all]")
    scorer: Scorer = setting("clip", SCORER)
    knowledge: str | None = setting(None, KNOWLEDGE, here="For --scorer text.", metavar="NAME")
    gate_at: list[float] = setting(
        [],
        "Show how many posts are under this threshold of a gate; give it again for several. "
        "[default: for CLIP the paper's 0.35]",
        metavar="CUT",
    )
    out: Path | None = setting(None, OUT, here="run folder with similarity.jsonl, scores.json and the histogram.")

    @field_validator("gate_at")
    @classmethod
    def _is_a_cosine(cls, value: list[float]) -> list[float]:
        for one in value:
            if not -1 <= one <= 1:
                raise ValueError(f"{one:g} is not in [-1, 1]")
        return value

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.split is not None and self.dataset is None:
            raise ValueError("--split: it needs --dataset")
        if (self.scorer == TEXT) != (self.knowledge is not None):
            raise ValueError("--knowledge: --scorer text needs it, and nothing else reads it")
        return self


@dataclass(slots=True)
class Scores:
    """What a run of `score` came to.

    `counts` has COUNTS and, for CLIP, `pictures` (different ones among the posts), and `new_pictures` and `new_texts`
    that the model saw in this run; `seconds` what was spent by step, decoding and shrinking summed over threads;
    `published` the paper's mean and median of the data set.
    """

    scorer: str
    scorer_id: str
    source: str
    counts: dict[str, int] = field(default_factory=dict[str, int])
    similarities: Distribution | None = None
    published: dict[str, float] = field(default_factory=dict[str, float])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    notes: list[str] = field(default_factory=list[str])

    @property
    def code(self) -> int:
        """What the command exits with."""
        return DataError.code if self.counts["bad_rows"] or self.counts["bad_pictures"] else 0

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self)


def score(settings: ScoreSettings, on_progress: Progress, on_fault: OnFault) -> Scores:
    """Score the posts that `settings` name; `on_fault` hears of each row or picture that is bad, and the others go on.

    Raises:
        UsageError, MissingError: no such CLIP, or its weights are not here. KnowledgeError: the store's scores were
        made with other weights; no such knowledge. DataError: no posts, no pictures, the store or run folder.
    """
    if settings.scorer != TEXT and settings.dataset is not None:
        pictures_or_advice(settings.dataset, settings)
    began = monotonic()
    with Store(store_folder(settings.store), read_only=settings.scorer == TEXT) as store:
        job = _TextJob(settings, store) if settings.scorer == TEXT else _ClipJob(settings, store)
        with run_or_none(settings.out, "score", settings) as run:
            result = _drawn(job, settings, run, on_progress, on_fault)
            spent = {**job.seconds(), "all": monotonic() - began}
            result.seconds = {name: round(one, 3) for name, one in spent.items()}
            if run is not None:
                _write(run, settings, result)
    if settings.out is not None:
        write_cards(settings.out)
    return result


class _ClipJob:
    def __init__(self, settings: ScoreSettings, store: Store) -> None:
        self.clip = ClipOfStore(settings, store)
        recipe = self.clip.recipe
        store.put_recipe(recipe)
        self.name, self.id = recipe.name, recipe.id
        self.scorer = PictureScorer(store, self.clip, settings, settings.workers, settings.retry_failed)

    def seconds(self) -> dict[str, float]:
        return {"load": self.clip.load_s, **self.scorer.seconds}

    def rows(self, part: Part) -> Iterator[Outcome]:
        return self.scorer.scored(part.rows)

    def counts(self) -> dict[str, int]:
        return {f"new_{name}": number for name, number in self.scorer.made.counts.items()}


class _TextJob:
    """Scores by the text scorer cost next to nothing and are not kept."""

    def __init__(self, settings: ScoreSettings, store: Store) -> None:
        from mmavk_cli.similarity.text_scorer import TextScorer

        self.scorer = TextScorer.load(scorer_folder())
        self.name, self.id = TEXT, self.scorer.id
        self._find = knowledge_for(store, store.resolve(settings.knowledge or "").id, settings.dataset)

    def rows(self, part: Part) -> Iterator[Outcome]:
        for row in part.rows:
            if isinstance(row, BadRow):
                yield row
                continue
            text = self._find(row)
            yield ScoredPost(row, self.scorer.score([row.text], [text])[0] if text and row.text else None)

    def seconds(self) -> dict[str, float]:
        return {}

    def counts(self) -> dict[str, int]:
        return {}


def _drawn(
    job: _ClipJob | _TextJob, settings: ScoreSettings, run: Run | None, on_progress: Progress, on_fault: OnFault
) -> Scores:  # fmt: skip
    """Draw all rows: count them, write them, keep their similarities (eight bytes each)."""
    totals, pictures, values = Counted(dict.fromkeys(COUNTS, 0)), set[bytes](), array("d")
    done = 0
    parts = list(parts_of(settings.dataset, settings.input_path, settings, settings.split))
    known = [part.posts for part in parts if part.posts is not None]
    total = sum(known) if len(known) == len(parts) else None
    with _lines(run) as write:
        for part in parts:
            for row in job.rows(part):
                done += 1
                _count(row, settings, totals)
                if row.problem is not None:
                    on_fault(row.problem)
                if isinstance(row, ScoredPost):
                    if row.picture:
                        pictures.add(bytes.fromhex(row.picture.partition(":")[2]))
                    if row.similarity is not None:
                        values.append(row.similarity)
                write(_line(row, part.split))
                on_progress(done, total)
    if settings.scorer != TEXT:
        totals.add("pictures", len(pictures))
    published = published_similarity(settings.dataset)
    of_paper = () if settings.scorer == TEXT else (published.threshold,)
    cuts = {*of_paper, *settings.gate_at}
    return Scores(
        job.name,
        job.id,
        settings.dataset or str(settings.input or settings.images),
        totals.counts | job.counts(),
        distribution(values, sorted(cuts)),
        published.numbers if settings.scorer != TEXT else {},
    )


def _count(row: Outcome, settings: ScoreSettings, totals: Counted) -> None:
    if isinstance(row, BadRow):
        totals.add("bad_rows")
        return
    totals.add("posts")
    totals.add("scored", row.similarity is not None)
    totals.add("without_text", not row.post.text)
    totals.add("cut", row.cut)
    totals.add("bad_pictures", row.problem is not None)
    if settings.scorer == TEXT:
        totals.add("without_knowledge", row.similarity is None)
    else:
        totals.add("without_picture", row.post.image is None and row.problem is None)


def _line(row: Outcome, split: str) -> Json:
    if isinstance(row, BadRow):
        return {"id": row.id, "error": asdict(row.problem)}
    post: Post = row.post
    return {
        "id": post.id,
        "split": split or None,
        "image_id": post.image_id,
        "picture": row.picture,
        "similarity": None if row.similarity is None else round(row.similarity, 6),
        "cut": row.cut,
        "problem": row.problem and asdict(row.problem),
    }


@contextmanager
def _lines(run: Run | None) -> Iterator[Callable[[Json], object]]:
    if run is None:
        yield lambda _line: None
    else:
        with (run.folder / SIMILARITIES).open("w", encoding="utf-8", newline="\n", errors="backslashreplace") as handle:
            yield lambda line: handle.write(json.dumps(line, ensure_ascii=False) + "\n")


def _write(run: Run, settings: ScoreSettings, result: Scores) -> None:
    if result.similarities is not None:
        if can_plot():
            title = f"{result.source}, {result.scorer}: {result.similarities.posts:,} posts"
            plot_histogram(result.similarities, title, result.published, run.folder / HISTOGRAM)
        else:
            result.notes.append(f"matplotlib is not installed, so there is no drawing. {install('report')}")
    run.write("scores.json", result.as_json())
    run.facts |= {"scorer": result.scorer, "scorer_id": result.scorer_id, "counts": result.counts}
    run.facts["data"] = settings.dataset
