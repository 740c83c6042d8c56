"""Command line of `mmavk eval`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import progress
from mmavk_cli.cli.tables import fits, number_table
from mmavk_cli.flows.evaluate.evaluate import EvalSettings, Evaluation, evaluate
from mmavk_cli.flows.evaluate.several_seeds import SeedEvaluations, evaluate_seeds, has_seeds
from mmavk_cli.report.metrics.breakdown import Breakdown
from mmavk_cli.report.metrics.calibration import Calibration
from mmavk_cli.report.metrics.confusion import KINDS, NONE, Confusion
from mmavk_cli.report.metrics.f1 import OVERALL, Rule, Scores
from mmavk_cli.report.metrics.pairwise import CHANCE, gap_text
from mmavk_cli.report.metrics.seeds import SeedScores, Spread
from mmavk_cli.report.safe_text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

TEXT = """Score a model on a split of a data set.

Precision, recall and F1 in percent with 95 % intervals, under both counting rules side by side: strict IOB2, and
conlleval, in which an I- tag that continues nothing starts an entity. The gold counts differ, so report the rule with
the number. Then entities seen and unseen in training, posts with and without a real picture, errors and calibration;
docs/evaluation.md explains each. Types are renamed as in the model's training, or by --types. For a folder of mmavk
train --seeds every seed is scored, with mean and standard deviation."""

EXAMPLES = [
    "mmavk eval embedded --dataset twitter2017 --split test",
    "mmavk eval embedded --dataset twitter2017 --knowledge blip2 --out runs/blip2",
    "mmavk eval embedded --dataset twitter2017 --types MISC=drop",
    "mmavk eval embedded --dataset twitter2015 --knowledge blip2 --picture-test --format json",
]

MOST_PAIRS = 20
"""Pairs of a gold and a found type that are listed where there are too many types for a table; --json has all."""


def add(app: typer.Typer) -> None:
    """Add `mmavk eval`."""
    add_command(app, "eval", EvalSettings, _eval, TEXT, EXAMPLES)


def _eval(settings: EvalSettings) -> None:
    if has_seeds(settings.model):
        _eval_seeds(settings)
        return
    with progress("posts", settings.quiet) as on_progress:
        result = evaluate(settings, on_progress)
    _tell_types(result, settings)
    if settings.format == "json":
        print_json(result.as_json())
    else:
        _print(result)


def _eval_seeds(settings: EvalSettings) -> None:
    with progress("posts", settings.quiet) as on_progress:
        result = evaluate_seeds(settings, on_progress)
    _tell_types(next(iter(result.runs.values())), settings)
    if settings.format == "json":
        print_json(result.as_json())
    else:
        _print_seeds(result)


def _tell_types(result: Evaluation, settings: EvalSettings) -> None:
    """On stderr: a renaming that comes from the model, and types that it cannot find."""
    if settings.quiet:
        return
    if result.types and settings.types is None:
        typer.echo(f"mmavk: types are renamed as in training: --types {visible(result.types)}", err=True)
    for kind, met in result.unknown_types.items():
        what = f"the model has no type {kind!r}: names missed {met['names']}, the first at {met['first']}"
        typer.echo(f"mmavk: {visible(what)}", err=True)


def _print_seeds(result: SeedEvaluations) -> None:
    from rich.console import Console

    console = Console(markup=False, emoji=False)
    one = next(iter(result.runs.values()))
    typer.echo(f"{one.dataset} {one.split}, {one.posts} posts, knowledge: {one.knowledge}; F1 a type")
    for rule, mean in result.rules().items():
        types = [name for name in mean if name != OVERALL]
        table = _seed_table(result, rule, mean, types)
        if fits(table, console):
            console.print(table)
            continue
        console.print(_seed_table(result, rule, mean, []))
        by_type = number_table("", "F1, mean", "sd", "gold")
        for name in types:
            by_type.add_row(visible(name), f"{mean[name].f1.mean:.2f}", _sd(mean[name].f1), str(mean[name].gold))
        console.print(by_type)


def _seed_table(result: SeedEvaluations, rule: Rule, mean: Mapping[str, SeedScores], types: Sequence[str]) -> "Table":
    """A row a seed, a column a type."""
    table = number_table(rule, "P", "R", "F1", *map(visible, types))
    for seed, run in result.runs.items():
        rows = run.scores.strict if rule == "strict" else run.scores.conlleval
        f1 = {name: row.f1 for name, row in rows.items()}
        its = [f1.get(name, 0.0) for name in (OVERALL, *types)]
        numbers = (rows[OVERALL].precision, rows[OVERALL].recall, *its)
        table.add_row(f"seed {seed}", *(f"{number:.2f}" for number in numbers))
    spreads = (mean[OVERALL].precision, mean[OVERALL].recall, *(mean[name].f1 for name in (OVERALL, *types)))
    table.add_row("mean", *(f"{one.mean:.2f}" for one in spreads))
    table.add_row("sd", *map(_sd, spreads))
    table.add_row("gold", "", "", *(str(mean[name].gold) for name in (OVERALL, *types)))
    return table


def _sd(spread: Spread) -> str:
    return "-" if spread.sd is None else f"{spread.sd:.2f}"


def _print(result: Evaluation) -> None:
    from rich.console import Console

    console = Console(markup=False, emoji=False)
    typer.echo(f"{result.model} on {result.dataset} {result.split}, knowledge: {result.knowledge}")
    typer.echo(f"{result.posts} posts, knowledge counted in {result.with_knowledge}, gated {result.gated:.1%}")
    if result.without_similarity:
        what = f"note: the knowledge of {result.without_similarity} posts is gated: CLIP has not seen their pictures"
        typer.echo(what, err=True)
    console.print()
    console.print(_scores(result.scores))
    errors = result.scores.errors
    counts = ", ".join(f"{name} {getattr(errors, name)}" for name in KINDS)
    typer.echo(f"Names ({result.rule}): {counts}")
    _print_types(errors, console)
    console.print()
    error = result.scores.calibration.error
    typer.echo(f"Expected calibration error of scores: {'-' if error is None else f'{error:.4f}'}")
    console.print(_calibration(result.scores.calibration))
    if result.picture_test:
        console.print()
    for pairing, other in (result.picture_test or {}).items():
        gap = other.own_minus
        better = "better" if gap.difference > 0 else "worse"
        verdict = f"own is {better}" if gap.significant else CHANCE
        typer.echo(f"{pairing} knowledge: F1 {other.f1:.2f}, own minus {pairing} {gap_text(gap)}: {verdict}")


def _scores(scores: Breakdown) -> "Table":
    table = number_table(
        "", "strict\nP", "\nR", "\nF1", "\n95 %", "\ngold", "conlleval\nP", "\nR", "\nF1", "\ngold"
    )  # fmt: skip
    for strict, lenient in ((scores.strict, scores.conlleval), (scores.groups["strict"], scores.groups["conlleval"])):
        for name, row in lenient.items():  # every type of the strict rule is there too
            table.add_row(visible(name), *_numbers(strict.get(name), True), *_numbers(row, False))
        table.add_row()
    return table


def _numbers(row: Scores | None, interval: bool) -> tuple[str, ...]:
    if row is None:  # a type that only an I- stands for
        return ("-",) * (4 + interval)
    if not row.gold:  # there is nothing to find, so nothing to score
        return *("-",) * (3 + interval), "0"
    ends = ("{:.1f}-{:.1f}".format(*row.interval),) if interval and row.interval else ()
    return f"{row.precision:.2f}", f"{row.recall:.2f}", f"{row.f1:.2f}", *ends, str(row.gold)


def _print_types(errors: Confusion, console: "Console") -> None:
    """Gold types against found ones; where they do not fit across the screen, the commonest pairs that differ."""
    table = _types(errors)
    if fits(table, console):
        typer.echo("Gold types down, found types across:")
        console.print(table)
        return
    differing = [
        (count, gold, found) for gold, row in errors.types.items() for found, count in row.items() if gold != found
    ]
    differing.sort(key=lambda pair: (-pair[0], *pair[1:]))
    shown = min(MOST_PAIRS, len(differing))
    typer.echo(f"Gold and found types that differ, the {shown} commonest of {len(differing)} pairs (--json has all):")
    pairs = number_table("gold", "found", "names", words=2)
    for count, gold, found in differing[:MOST_PAIRS]:
        pairs.add_row(visible(gold), visible(found), str(count))
    console.print(pairs)


def _types(errors: Confusion) -> "Table":
    found = sorted({name for row in errors.types.values() for name in row}, key=lambda name: (name == NONE, name))
    table = number_table("", *map(visible, found))
    for name, row in errors.types.items():
        table.add_row(visible(name), *(str(row.get(other, 0)) for other in found))
    return table


def _calibration(calibration: Calibration) -> "Table":
    table = number_table("score", "names", "mean score", "right")
    for one in calibration.bins:
        table.add_row(f"{one.low:.1f} to {one.high:.1f}", str(one.names), f"{one.score:.3f}", f"{one.right:.3f}")
    return table
