"""export: a trained tagger → the files that run without torch."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.run_record import RUN, SCORES, Run, read_run, run_facts
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.dataset_facts import DATA
from mmavk_cli.flows.shared.models import own_gate
from mmavk_cli.flows.shared.options import MODEL, OUT, Printed
from mmavk_cli.similarity.gate import GateSettings
from mmavk_cli.tagger.checkpoint import TaggerConfig, model_folder


class ExportSettings(Printed, GateSettings, Common):
    """Options of `mmavk export`."""

    model: str = setting(..., MODEL, argument=True)
    int8: bool = setting(True, "Quantise the encoder to int8: a quarter of the size, several times as fast.")
    model_name: str | None = setting(None, "Name of the model in output records. [default: the run folder's name]")
    out: Path = setting(..., OUT, here="a folder; files of an earlier export are replaced.")


def export(settings: ExportSettings) -> dict[str, int]:
    """Write the exported tagger, with a card and the records of its training; the bytes of each file of the model.

    Raises:
        MissingError: no checkpoint, or the package onnx. DataError: the folder cannot be written.
    """
    from mmavk_cli.tagger.inference.onnx_export import export_onnx, files_of

    began = monotonic()
    model = Path(settings.model)
    source = model_folder(model)
    config = TaggerConfig.read(source)
    gate = settings.gate(own_gate(settings.model, config))
    config = replace(config, name=settings.model_name or model.name, gate=asdict(gate))
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
        export_onnx(source, settings.out, config, int8=settings.int8)
        _keep_records(source, settings, began)
    except OSError as error:
        raise DataError(f"cannot write: {error.strerror}", str(settings.out), "Choose another place") from error
    return {name: (settings.out / name).stat().st_size for name in files_of(config)}


def _keep_records(source: Path, settings: ExportSettings, began: float) -> None:
    """The training's records go with the model where its run folder is known, those of an earlier export go."""
    facts = run_facts("export", settings, began)
    trained = next((one for one in (Path(settings.model), source.parent) if (one / RUN).is_file()), None)
    for name in (SCORES, DATA):
        (settings.out / name).unlink(missing_ok=True)
        if trained and (trained / name).is_file():
            shutil.copyfile(trained / name, settings.out / name)
    if trained:
        training = read_run(trained, "train")
        facts |= {"training": training, "data": training.get("data")}
    Run(settings.out).write(RUN, facts)
    write_cards(settings.out)
