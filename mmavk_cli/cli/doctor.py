"""The words of `mmavk doctor`."""

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.flows.doctor import DoctorSettings, Report, doctor, verdict

TEXT = """Show what this machine has, and what fits into its memory.

Devices with their free memory, versions, which weights are there, and for each profile what its weights, its KV cache
and its largest batch would take. These are estimates from the model's config.json; no model is loaded."""

EXAMPLES = ["mmavk doctor", "mmavk doctor --visual-tokens 512 --format json"]

GIGA = 1_000_000_000


def add(app: typer.Typer) -> None:
    """Add `mmavk doctor`."""
    add_command(app, "doctor", DoctorSettings, _doctor, TEXT, EXAMPLES)


def _doctor(settings: DoctorSettings) -> None:
    report = doctor(settings)
    if settings.format == "json":
        print_json(report.as_json())
    else:
        _print(report)


def _print(report: Report) -> None:
    typer.echo(f"mmavk {report.mmavk}, Python {report.python}, {report.system}")
    typer.echo(f"versions  {', '.join(f'{name} {version}' for name, version in report.versions.items())}")
    typer.echo(f"store     {report.store}, {_giga(report.disk_free)} free on its disk")
    for device in report.devices:
        typer.echo(f"{device.name:<9} {device.what}, {_giga(device.free)} free of {_giga(device.total)}")
    if len(report.devices) == 1:
        typer.echo("cuda      torch sees no GPU")
    for needed in report.weights:
        typer.echo(f"weights   {needed.what}: {needed.where if needed.present else f'absent, {needed.where}'}")
    typer.echo("")
    typer.echo(f"with {_pictures(report)}:")
    typer.echo(f"{'profile':<11} {'weights':>8} {'KV cache':>8} {'peak':>8}")
    for fit in report.fits:
        sizes = " ".join(f"{_giga(size) if size else '-':>8}" for size in (fit.weights, fit.cache, fit.peak))
        typer.echo(f"{fit.profile:<11} {sizes}  {verdict(fit)}")


def _pictures(report: Report) -> str:
    return f"{report.visual_tokens} visual tokens a picture and {report.max_new_tokens} new ones"


def _giga(size: int) -> str:
    return f"{size / GIGA:.1f} GB"
