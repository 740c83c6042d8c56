"""Command line of `mmavk doctor`."""

import typer

from mmavk_cli.base.device import CARD
from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.flows.doctor.doctor import DoctorSettings, Report, doctor
from mmavk_cli.flows.doctor.memory_by_profile import Fit, Stage

TEXT = """Show devices, versions and weights, and what fits into memory.

Devices with their free memory, versions, which weights are installed, and for each profile the memory of its models,
which run one after another: weights, KV cache, batch, peak. These are estimates from the models' configuration; no
model is loaded."""

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
        memory = f", {_giga(device.free)} free of {_giga(device.total)}" if device.total else ""
        typer.echo(f"{device.name:<9} {device.what}{memory}")
    if len(report.devices) == 1:
        typer.echo("cuda      torch sees no GPU")
    for needed in report.weights:
        typer.echo(f"weights   {needed.what}: {needed.where if needed.present else f'absent, {needed.where}'}")
    typer.echo("")
    typer.echo(f"estimated, with {_pictures(report)}")
    typer.echo(f"{'':<26} {'weights':>9} {'KV cache':>9} {'peak':>9}")
    for fit in report.fits:
        typer.echo(f"{fit.profile:<46} {_giga(fit.peak):>9}  {_verdict(fit)}")
        if len(fit.stages) > 1:
            for stage in fit.stages:
                _print_stage(stage)


def _or_none(size: int) -> str:
    return _giga(size) if size else "-"


def _print_stage(stage: Stage) -> None:
    sizes = " ".join(f"{_or_none(size):>9}" for size in (stage.weights, stage.cache, stage.peak))
    typer.echo(f"{f'  {stage.stage}, batch {stage.batch}':<26} {sizes}")


def _pictures(report: Report) -> str:
    return f"{report.visual_tokens} visual tokens a picture and {report.max_new_tokens} new ones"


def _verdict(fit: Fit) -> str:
    too_large = f"too large: {', '.join(fit.too_large)}"
    if fit.fits is None:
        return f"no GPU; {too_large if fit.too_large else f'fits {CARD // GIGA} GB'}"
    return "fits" if fit.fits else too_large


def _giga(size: int) -> str:
    return f"{size / GIGA:.1f} GB"
