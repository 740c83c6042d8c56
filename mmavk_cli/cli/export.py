"""Command line of `mmavk export`."""

import typer

from mmavk_cli.cli.options import add_command
from mmavk_cli.cli.output import print_json
from mmavk_cli.flows.export import ExportSettings, export

TEXT = """Export a trained tagger to ONNX, to tag without torch.

The folder contains the encoder for ONNX Runtime, the head as safetensors and the tokenizer; `mmavk tag --model FOLDER`
and `mmavk eval FOLDER` read it."""

EXAMPLES = ["mmavk export runs/text --out runs/text-int8"]


def add(app: typer.Typer) -> None:
    """Add `mmavk export`."""
    add_command(app, "export", ExportSettings, _export, TEXT, EXAMPLES)


def _export(settings: ExportSettings) -> None:
    files = export(settings)
    if settings.format == "json":
        print_json({"folder": str(settings.out), "bytes": files})
        return
    for name, size in files.items():
        typer.echo(f"{settings.out / name}\t{size / 1e6:.1f} MB")
