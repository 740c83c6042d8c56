"""Command line of `mmavk data`: stats, check, fetch, convert."""

import sys

import typer

from mmavk_cli.cli.faults import FaultPrinter
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import progress
from mmavk_cli.corpus.findings import Finding
from mmavk_cli.corpus.formats.format import LOST
from mmavk_cli.corpus.public_datasets import PICTURES, TERMS
from mmavk_cli.flows.data.check import FIRST, Check, DataCheckSettings, data_check
from mmavk_cli.flows.data.convert import Conversion, DataConvertSettings, data_convert
from mmavk_cli.flows.data.convert_paths import PIPE
from mmavk_cli.flows.data.fetch import DataFetchSettings, data_fetch
from mmavk_cli.flows.data.stats import DataStatsSettings, Stats, data_stats

STATS = """Count a data set, next to the published Table 1.

Entities are counted under both rules: strict IOB2 (an I- tag that continues nothing is not an entity) and conlleval
(it starts one). A published number that neither rule reproduces is marked."""

CHECK = """Find what in a data set changes a score, with file and line.

Tags that the two counting rules read differently, types that training would not learn or could not score, words that a
naive reader loses, duplicate texts, splits that are identical, missing or edited, pictures that are missing or broken.
Exits 3 if a finding changes a score, else 0."""

FETCH = """Fetch the texts of a public data set from its authors' repository.

Every file is checked against the SHA-256 of the release and written atomically; existing files are kept. The pictures
are not fetched: the command says where to get them, and on what terms."""

CONVERT = """Convert posts from one format to another, and report what the target cannot represent.

Formats: conll (with IMGID lines), jsonl (our own fields), doccano, prodigy, labelstudio and labelstudio-min (JSON and
JSON-MIN), spacy (a DocBin), hf (a folder of Hugging Face `datasets`), brat (a folder), csv and tsv (a row a name);
gliner, spacy-tuples and lines (one post a line) are read only.

SOURCE may also be raw text or a folder of it. Each split of a data set or folder becomes a file in TARGET. Every record
that is written is read back and compared with its post, and each kind of difference is counted. --types renames types
on the way, or leaves them out.

A row that cannot be read or written is skipped and reported with its file and line; the command then exits 3
at its end."""


def add(app: typer.Typer) -> None:
    """Add `mmavk data` with its commands."""
    data = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Count, check, fetch and convert data sets.")
    add_command(
        data, "stats", DataStatsSettings, _stats, STATS,
        ["mmavk data stats twitter2015", "mmavk data stats twitter2017 --format json"],
    )  # fmt: skip
    add_command(
        data, "check", DataCheckSettings, _check, CHECK,
        ["mmavk data check twitter2017", "mmavk data check twitter2017 --all --format json"],
    )  # fmt: skip
    add_command(data, "fetch", DataFetchSettings, _fetch, FETCH, ["mmavk data fetch twitter2017"])
    add_command(
        data, "convert", DataConvertSettings, _convert, CONVERT,
        [
            "mmavk data convert docs/examples/posts.jsonl posts.conll",
            "mmavk data convert docs/examples/posts.jsonl people.jsonl --types PERSON=PER,GPE=LOC,...=drop",
            "mmavk data convert twitter2017 annotate --to doccano",
            "mmavk data convert twitter2017 - --split test --to jsonl > test.jsonl",
            "mmavk data convert twitter2017 hub --to hf --format json",
        ],
    )  # fmt: skip
    app.add_typer(data, name="data")


def _stats(settings: DataStatsSettings) -> None:
    stats = data_stats(settings)
    if settings.format == "json":
        print_json(stats.as_json())
    else:
        _print_stats(stats)
    if stats.missing and not settings.quiet:
        typer.echo(f"missing: {', '.join(stats.missing)}", err=True)


def _print_stats(stats: Stats) -> None:
    from rich.console import Console
    from rich.table import Table

    typer.echo(f"{stats.name} ({stats.folder})")
    table = Table()
    for column in ("split", "", "published", "strict", "conlleval", ""):
        table.add_column(column, justify="right" if column in {"published", "strict", "conlleval"} else "left")
    before = ""
    for line in stats.lines:
        published = "-" if line.published is None else str(line.published)
        mark = "no rule reproduces it" if line.unexplained else ""
        first, before = "" if line.split == before else line.split, line.split
        table.add_row(first, line.what, published, str(line.strict), str(line.lenient), mark)
        if line.what == "words":
            table.add_section()
    Console(markup=False, emoji=False).print(table)
    for note in ((f"published: {stats.source}",) if stats.source else ()) + stats.notes:
        typer.echo(note)


def _check(settings: DataCheckSettings) -> int:
    with progress("pictures", settings.quiet) as on_progress:
        check = data_check(settings, on_progress)
    if settings.format == "json":
        print_json(check.as_json(settings.every))
    else:
        _print_check(check, None if settings.every else FIRST)
    return check.code


def _print_check(check: Check, limit: int | None) -> None:
    tweets = ", ".join(f"{split} {number}" for split, number in check.tweets.items())
    typer.echo(f"{check.name} in {check.folder}: {tweets or 'no'} tweets")
    for finding in check.findings:
        _print_finding(finding, limit)
    grave = sum(finding.severity == "score" for finding in check.findings)
    typer.echo(f"\n{grave} kinds of findings change a score, {len(check.findings) - grave} are notes")


def _print_finding(finding: Finding, limit: int | None) -> None:
    groups = ", ".join(f"{group} {count}" for group, count in finding.counts.items())
    typer.echo(f"\n{finding.severity}  {finding.kind}  {finding.count} ({groups}): {finding.meaning}")
    for place in finding.places[:limit]:
        typer.echo(f"  {place.where}: {place.detail}")
    if limit is not None and finding.count > limit:
        typer.echo(f"  and {finding.count - limit} more (--all lists them)")


def _fetch(settings: DataFetchSettings) -> None:
    with progress(f"fetching {settings.dataset}", settings.quiet) as on_progress:
        fetched = data_fetch(settings, on_progress)
    if settings.format == "json":
        files = {split: str(path) for split, path in fetched.files.items()}
        print_json({"folder": str(fetched.folder), "files": files, "was_there": list(fetched.kept)})
    else:
        for split, path in fetched.files.items():
            typer.echo(f"{path}\t{'exists' if split in fetched.kept else 'fetched'}")
    if not settings.quiet:
        pictures = f"The pictures are not fetched. The authors give them at {PICTURES}"
        place = f"Put them into {fetched.folder}_images, or name their folder with --images."
        for line in ("", *TERMS, *(f"Cite: {paper}" for paper in fetched.release.cite), pictures, place):
            typer.echo(line, err=True)


def _convert(settings: DataConvertSettings) -> int:
    with progress("posts", settings.quiet) as on_progress:
        done = data_convert(settings, sys.stdout.write, on_progress, FaultPrinter(settings.verbose, "left out"))
    if settings.format == "json" and settings.target != PIPE:
        print_json(done.as_json())
    elif not (settings.quiet and settings.target == PIPE):
        _print_conversion(done, settings.target == PIPE)
    return done.code


def _print_conversion(done: Conversion, to_stderr: bool) -> None:
    typer.echo(f"{done.source} ({done.source_format}) to {done.target} ({done.target_format})", err=to_stderr)
    for split, counted in done.splits.items():
        counts = ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in counted.counts.items())
        typer.echo(f"  {split}: {counts}", err=to_stderr)
    for note in done.told:
        typer.echo(f"  note: {note}", err=to_stderr)
    for kind, number in done.losses():
        typer.echo(f"  not kept: {number} {LOST[kind]}", err=to_stderr)
    if done.verdict:
        typer.echo(f"  {done.verdict}", err=to_stderr)
