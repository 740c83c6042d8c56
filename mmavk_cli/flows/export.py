"""export: a trained tagger → the files that run without torch."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Literal

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.run_record import RUN, SCORES, Run, read_run, told
from mmavk_cli.base.settings import Common, setting
from mmavk_cli.flows.shared.cards import write_cards
from mmavk_cli.flows.shared.dataset_facts import DATA
from mmavk_cli.similarity.gate import Gate
from mmavk_cli.tagger.checkpoint import TaggerConfig, model_folder


class ExportSettings(Common):
    """What `mmavk export` asks."""

    model: Path = setting(..., "A run folder or a model folder.", argument=True)
    int8: bool = setting(True, "Quantise the encoder to 8 bits: a quarter of the size, several times as fast.")
    name: str | None = setting(None, "What output records call the model. [default: the run folder's name]")
    threshold: float | None = setting(
        None, "Similarity under which the model's knowledge counts 0. [default: what it was trained with]", ge=-1, le=1
    )
    format: Literal["table", "json"] = setting("table", "How to print what was written.")
    out: Path = setting(..., "Folder to write; files of an earlier export are replaced.")


def export(settings: ExportSettings) -> dict[str, int]:
    """Write the exported tagger, with a card and the records of its training; the bytes of each file of the model.

    Raises:
        MissingError: no checkpoint, or the package onnx. DataError: the folder cannot be written.
    """
    from mmavk_cli.tagger.inference.onnx_export import export_onnx, files_of

    began = monotonic()
    source = model_folder(settings.model)
    config = TaggerConfig.read(source)
    gate = config.gate if settings.threshold is None else asdict(Gate(settings.threshold))
    config = replace(config, name=settings.name or settings.model.name, gate=gate)
    try:
        settings.out.mkdir(parents=True, exist_ok=True)
        export_onnx(source, settings.out, config, int8=settings.int8)
        _keep_records(source, settings, began)
    except OSError as error:
        raise DataError(f"cannot write: {error.strerror}", str(settings.out), "Choose another place") from error
    return {name: (settings.out / name).stat().st_size for name in files_of(config)}


def _keep_records(source: Path, settings: ExportSettings, began: float) -> None:
    """The training's records go with the model where its run folder is known, those of an earlier export go."""
    facts = told("export", settings, began)
    trained = next((one for one in (settings.model, source.parent) if (one / RUN).is_file()), None)
    for name in (SCORES, DATA):
        (settings.out / name).unlink(missing_ok=True)
        if trained and (trained / name).is_file():
            shutil.copyfile(trained / name, settings.out / name)
    if trained:
        training = read_run(trained, "train")
        facts |= {"training": training, "data": training.get("data")}
    Run(settings.out).write(RUN, facts)
    write_cards(settings.out)
