"""The cards of a run folder: README.md, and data_card.md where the run says what its data is like."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mmavk_cli.base.errors import DataError, UsageError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.records import Json
from mmavk_cli.base.redact_paths import portable
from mmavk_cli.base.run_record import RUN, SCORES, read_record, read_run
from mmavk_cli.corpus.findings import KINDS
from mmavk_cli.flows.shared.dataset_facts import DATA, LABELS
from mmavk_cli.flows.shared.models import weights_id
from mmavk_cli.flows.shared.seeds import seed_folders
from mmavk_cli.report.card.data import data_card
from mmavk_cli.report.card.model import CardOptions, Model, Parts, model_card, seeds_card
from mmavk_cli.report.card.render import rendered_card, rendered_data_card
from mmavk_cli.report.card.run import run_card
from mmavk_cli.report.card.sections import Card
from mmavk_cli.tagger.checkpoint import TaggerConfig, model_folder
from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.registry import FUSIONS

CARD, DATA_CARD = "README.md", "data_card.md"


OTHERS = {"eval": SCORES, "score": SCORES, "sweep": "sweep.json", "tag": None, "generate": None}
"""Commands whose runs hold no model → the record of what came of it."""


def write_cards(folder: Path, tests: Sequence[Path] = (), options: CardOptions | None = None) -> list[Path]:
    """Write the cards of a run from its records; `tests` are evaluations of its model. The files that were written.

    Raises:
        DataError: there is no run, it is broken, or one of `tests` scored another model. UsageError: tests of no model.
    """
    name = folder.resolve().name
    pages: dict[str, str] = {}
    if not (folder / RUN).is_file() and (seeds := seed_folders(folder)):
        runs = {one.name: portable(read_run(one, "train")) for one in seeds.values()}
        made = seeds_card(name, runs, read_record(folder / SCORES))
    else:
        run = portable(read_run(folder, "train", "export", *OTHERS))
        data = _optional(folder / DATA)
        made = _run_card(folder, name, run, data, tests, options or CardOptions())
        if data:
            meanings = {kind: meaning for kind, (_, meaning) in KINDS.items()}
            pages[DATA_CARD] = rendered_data_card(data_card(name, run, data, meanings, LABELS))
    if tests and made.kind != "model":
        raise UsageError(
            "the folder does not contain one model", "--scores", "Name the folder of one training or export"
        )
    pages[CARD] = rendered_card(made)
    for file, text in pages.items():
        with atomic_write(folder / file) as handle:
            handle.write(text)
    return [folder / file for file in pages]


def _run_card(folder: Path, name: str, run: Json, data: Json, tests: Sequence[Path], options: CardOptions) -> Card:
    command = run["command"]
    if command in OTHERS:
        record = OTHERS[command]
        return run_card(name, run, portable(_optional(folder / record)) if record else {}, data)
    model = model_folder(folder)
    config = TaggerConfig.read(model)
    said = portable(asdict(config) | {"pieces": config.pieces.model_dump()})
    judged = [_test(one, model) for one in tests]
    scores = _optional(folder / SCORES)
    return model_card(Model(config.name or name, said, parts_of(config), run, scores, data, judged), options)


def parts_of(config: TaggerConfig) -> Parts:
    """What a model's parts say of themselves."""
    fusion, decoder = FUSIONS[config.pieces.fusion], DECODERS[config.decoder]
    kind = ENCODERS[config.encoder_kind].described
    return Parts(frozenset(fusion.reads), kind, fusion.described, decoder.described, decoder.score)


def _test(folder: Path, model: Path) -> tuple[Json, Json]:
    """An evaluation's run.json and scores.json.

    Raises:
        DataError: it is none, or one of other weights.
    """
    run = portable(read_run(folder, "eval"))
    if run.get("weights") != weights_id(model):
        what = f"this run scored {run.get('model') or 'several seeds'}, and other weights than those here"
        raise DataError(what, str(folder), f"Make one: mmavk eval {model.parent} --dataset NAME --out RUN")
    return run, portable(read_record(folder / SCORES))


def _optional(path: Path) -> Json:
    """A record of the run; empty where there is none."""
    return read_record(path) if path.is_file() else {}
