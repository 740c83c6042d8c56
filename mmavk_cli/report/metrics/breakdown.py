"""Tagged posts with gold tags → scores under both rules, of groups, with intervals; errors and calibration."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from mmavk_cli.base.records import Json, Post, Span, Tagged
from mmavk_cli.report.metrics.calibration import Calibration, calibration
from mmavk_cli.report.metrics.confusion import Confusion, confusion
from mmavk_cli.report.metrics.counts import Count, Spans, by_group, count, surface
from mmavk_cli.report.metrics.f1 import OVERALL, SPANS, Rule, Scores, measure, scores_of
from mmavk_cli.report.metrics.significance import ResamplingSettings, intervals
from mmavk_cli.spans import spans_to_tags


@dataclass(frozen=True, slots=True)
class Known:
    """What groups are made by; None where it is not known. `train` are the posts whose names count as seen, `real`
    says of each post whether it has a real picture.
    """

    train: Sequence[Post] | None = None
    real: Sequence[bool] | None = None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Scores overall and a type (`strict`, `conlleval`), and of `groups` under each rule; errors and calibration under
    the rule that was asked for.
    """

    strict: dict[str, Scores]
    conlleval: dict[str, Scores]
    groups: dict[Rule, dict[str, Scores]]
    errors: Confusion
    calibration: Calibration

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self)


def breakdown(rows: Sequence[Tagged], known: Known, rule: Rule, settings: ResamplingSettings) -> Breakdown:
    """Judge tagged posts by their own tags.

    Args:
        rows: posts with gold tags and entities that were found.
        known: training posts, whose names count as seen, and which posts have a real picture.
        rule: for errors and calibration.
        settings: of the intervals.
    """
    scores, groups = {}, {}
    for one in SPANS:
        scores[one], groups[one] = _scores(rows, known, one, settings)
    gold = gold_spans([row.post for row in rows], rule)
    scored = [
        (entity.score, entity.span in spans)
        for row, spans in zip(rows, map(set, gold), strict=True)
        for entity in row.entities
    ]
    errors = confusion(gold, found_spans(rows))
    return Breakdown(scores["strict"], scores["conlleval"], groups, errors, calibration(scored))


def counted(rows: Sequence[Tagged], rule: Rule) -> list[Count]:
    """Right, spurious and missed names of each post."""
    return count(gold_spans([row.post for row in rows], rule), found_spans(rows))


def gold_spans(posts: Sequence[Post], rule: Rule) -> list[list[Span]]:
    """The names of each post's own tags, as the rule reads them."""
    return [SPANS[rule](post.tags or ()) for post in posts]


def found_spans(rows: Sequence[Tagged]) -> list[list[Span]]:
    """The names that were found in each post."""
    return [_spans(row) for row in rows]


def _spans(row: Tagged) -> list[Span]:
    return [entity.span for entity in row.entities]


def tags_of(row: Tagged) -> list[str]:
    """What was found, as IOB2 tags over the post's words."""
    return spans_to_tags((entity.span for entity in row.entities), len(row.post.words))


def _scores(
    rows: Sequence[Tagged], known: Known, rule: Rule, settings: ResamplingSettings
) -> tuple[dict[str, Scores], dict[str, Scores]]:
    """Scores overall and a type, and of the groups."""
    posts, found = [row.post for row in rows], found_spans(rows)
    gold = gold_spans(posts, rule)
    tags = [post.tags or () for post in posts]
    scores = measure(tags, [tags_of(row) for row in rows], rule)
    seen = None if known.train is None else _surfaces(known.train, gold_spans(known.train, rule))
    groups = by_group(posts, gold, found, seen, known.real)
    ends = intervals({name: _of_type(gold, found, name) for name in scores}, settings)
    group_ends = intervals(groups, settings)
    return (
        {name: replace(row, interval=ends[name]) for name, row in scores.items()},
        {name: scores_of(counts, group_ends[name]) for name, counts in groups.items()},
    )


def _of_type(gold: Spans, found: Spans, kind: str) -> list[Count]:
    return count(gold, found, lambda _post, span: kind in {OVERALL, span.type})


def _surfaces(posts: Sequence[Post], spans: Spans) -> frozenset[str]:
    return frozenset(surface(post, span) for post, own in zip(posts, spans, strict=True) for span in own)
