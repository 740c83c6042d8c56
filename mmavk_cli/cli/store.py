"""Command line of `mmavk store`: ls, show, verify, import, export, rm."""

import json
import sys
from typing import TYPE_CHECKING

import typer

from mmavk_cli.base.digest import short
from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.paths import store_folder
from mmavk_cli.base.settings import StorePlace
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.cli.progress import progress
from mmavk_cli.flows.store.importing import Import, ImportSettings, import_knowledge
from mmavk_cli.flows.store.store import (
    ExportSettings,
    Listing,
    ListSettings,
    RemoveSettings,
    ShowSettings,
    VerifySettings,
    export,
    list_store,
    remove,
    show,
    verify,
)  # fmt: skip
from mmavk_cli.report.safe_text import visible

if TYPE_CHECKING:
    from rich.text import Text

LS = """List what is in the store: one line per recipe, with the number of pictures that have a text.

The key of a row is the digest of the picture's bytes or, if a text was imported without its picture, the image id. If
two recipes have the same name, the name refers to the one marked with a star: the one that was written last."""

SHOW = """Show everything stored for one picture, or the recipe of a name.

Give a picture's file or its image id in a data set; for the name of knowledge its recipe is shown. Exits 4 if nothing
is found."""

VERIFY = """Verify that no row was changed since it was written.

Keys and digests are computed again from the content of the rows. A row that was changed, moved or pickled, or whose
recipe is missing, is listed, and the command exits 3."""

IMPORT = """Import knowledge that was published without its pictures, or an export of a store.

BLIP-2 captions (`<image id>.jpg :text`), PGIM's zips (the words after `<EOS>`) and exports are recognised by their
content. Texts are stored by image id. What does not match the data set is counted and skipped, never guessed."""

EXPORT = """Write the store, or one recipe of it, as JSON Lines that `mmavk store import` reads.

Damaged rows are skipped and listed; the command then exits 3."""

RM = """Remove a recipe with all its texts, or a scorer's similarities.

Shows the number of rows and asks for confirmation, unless --yes is given."""

_IMPORT_BLIP2 = "mmavk store import --dataset twitter2017 $MMAVK_DATA/knowledge/blip2/twitter2017.txt"


def add(app: typer.Typer) -> None:
    """Add `mmavk store` with its commands."""
    store = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="List, show, verify, import, export and remove knowledge."
    )
    add_command(store, "ls", ListSettings, _ls, LS, ["mmavk store ls", "mmavk store ls --format json"])
    add_command(
        store, "show", ShowSettings, _show, SHOW,
        [f"{_IMPORT_BLIP2} && mmavk store show 17_06_12483", "mmavk store show blip2 --format json"],
    )  # fmt: skip
    add_command(store, "verify", VerifySettings, _verify, VERIFY, ["mmavk store verify"])
    pgim = "mmavk store import --dataset twitter2015 $MMAVK_DATA/knowledge/pgim/twitter2015.zip --knowledge-name pgim"
    add_command(store, "import", ImportSettings, _import, IMPORT, [_IMPORT_BLIP2, pgim])
    add_command(
        store, "export", ExportSettings, _export, EXPORT,
        ["mmavk store export > store.jsonl", "mmavk store export --out copy.jsonl --quiet"],
    )  # fmt: skip
    add_command(store, "rm", RemoveSettings, _rm, RM, [f"{_IMPORT_BLIP2} && mmavk store rm --knowledge blip2 --yes"])
    app.add_typer(store, name="store")


def _ls(settings: ListSettings) -> None:
    with progress("rows", settings.quiet) as on_progress:
        listing = list_store(settings, on_progress)
    if settings.format == "json":
        print_json(listing.as_json())
    else:
        _print_listing(listing)


def _print_listing(listing: Listing) -> None:
    if not listing.knowledge and not listing.similarities:
        typer.echo(f"{listing.store}: empty")
    else:
        from rich.console import Console
        from rich.table import Table

        typer.echo(listing.store)  # as a title it would be broken at the table's width
        table = Table()
        for column in ("name", "id", "made by", "by picture", "by image id", "failed"):
            table.add_column(column, justify="right" if column in {"by picture", "by image id", "failed"} else "left")
        for kept in listing.knowledge:
            name = f"{kept.name} *" if kept.current else kept.name
            numbers = (kept.by_picture, kept.by_image_id, kept.failed)
            table.add_row(_plain(name), short(kept.id), _plain(str(kept.recipe["generator"])), *map(str, numbers))
        for scorer, rows in listing.similarities.items():
            table.add_row(_plain(scorer), "", "scorer", str(rows), "", "")
        Console().print(table)
    if listing.faults:
        typer.echo(f"{listing.faults} rows are damaged; run: mmavk store verify", err=True)


def _plain(text: str) -> "Text":
    """A text of the store for the screen: no control characters, no markup."""
    from rich.text import Text

    return Text(visible(text))


def _show(settings: ShowSettings) -> None:
    rows = show(settings)
    if settings.format == "json":
        print_json({"rows": rows})
        return
    for number, row in enumerate(rows):
        if number:
            typer.echo()
        width = max(map(len, row))
        for name, value in row.items():
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            typer.echo(f"{name:<{width}}  {visible(text)}")


def _verify(settings: VerifySettings) -> int:
    with progress("rows", settings.quiet) as on_progress:
        rows, faults = verify(settings, on_progress)
    if settings.format == "json":
        print_json({"rows": rows, "faults": [{"key": fault.key, "what": fault.what} for fault in faults]})
    elif faults:
        for fault in faults:
            typer.echo(f"{visible(fault.key)}\t{visible(fault.what)}")
    else:
        typer.echo(f"{rows} rows, all intact")
    return _said(len(faults), rows, settings)


def _import(settings: ImportSettings) -> None:
    with progress("rows", settings.quiet) as on_progress:
        done = import_knowledge(settings, on_progress)
    if settings.format == "json":
        print_json(done.as_json())
    else:
        _print_import(done)
    if not settings.quiet:
        for note in done.notes:
            typer.echo(visible(f"note: {note}"), err=True)


def _print_import(done: Import) -> None:
    title = f"{done.format} as {done.name!r} for {done.dataset}" if done.name else done.format
    typer.echo(visible(f"{title}, from {done.file}"))
    for name, number in done.counts.items():
        typer.echo(f"{number:>7}  {name.replace('_', ' ')}")


def _export(settings: ExportSettings) -> int:
    with progress("rows", settings.quiet) as on_progress:
        rows, faults = export(settings, sys.stdout.write, on_progress)
    for fault in faults:
        typer.echo(visible(f"left out: {fault.key}: {fault.what}"), err=True)
    if settings.out is not None and not settings.quiet:
        typer.echo(f"{rows} rows in {settings.out}", err=True)
    return _said(len(faults), rows + len(faults), settings)


def _said(faults: int, rows: int, place: StorePlace) -> int:
    """Say that rows are damaged, where any is; the exit code."""
    if not faults:
        return 0
    what = f"{faults} of {rows} rows are damaged"
    advice = "Save the intact rows: mmavk store export --out FILE, and import it into a new store"
    typer.echo(f"mmavk: {DataError(what, str(store_folder(place.store)), advice)}", err=True)
    return DataError.code


def _rm(settings: RemoveSettings) -> None:
    rows = remove(settings, _agreed)
    if settings.format == "json":
        print_json({"removed": rows})
    elif not settings.quiet:
        typer.echo(f"{rows} rows removed", err=True)


def _agreed(what: str, rows: int) -> bool:
    if not sys.stdin.isatty():
        raise UsageError(f"would delete {rows} rows of {what}; not a terminal", "--yes", "Pass --yes to delete them")
    # typer's prompt would write on stdout
    typer.echo(f"Remove {rows} rows of {visible(what)}? [y/N] ", err=True, nl=False)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
