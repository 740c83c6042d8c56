"""Checkpoints that an older mmavk wrote load, and give what they gave."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from networks import TAGS, example, listening, network, visual
from tiny_tagger import EMBEDDED

from mmavk_cli.base.errors import MissingError
from mmavk_cli.base.records import Knowledge, Word
from mmavk_cli.flows.shared.models import open_model
from mmavk_cli.tagger.batch import collate
from mmavk_cli.tagger.checkpoint import CONFIG, TOKENIZER, TaggerConfig
from mmavk_cli.tagger.inference.torch_model import TorchModel, load_model, save_model
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings

WORDS = [Word("Houston", 0, 7), Word("calls", 8, 13)]
WIDTH = 12
KNOWLEDGE = Knowledge("a sign", "r", visual=visual(np.linspace(-1, 1, WIDTH).tolist()))


def made_old(folder: Path) -> None:
    """Write the settings of a checkpoint as 0.1 did."""
    said = json.loads((folder / CONFIG).read_text("utf-8"))
    del said["decoder"], said["encoder_kind"]
    said["pieces"]["url"] = said["pieces"].pop("url_token")
    said["visual"] = sum(said["visual"])  # one number: that of a vector, or 0
    (folder / CONFIG).write_text(json.dumps(said), "utf-8")


@pytest.fixture(params=["word", "concat", "text", "prefix"])
def saved(request: pytest.FixtureRequest, tiny_encoder: Path, tmp_path: Path) -> Path:
    """A checkpoint with random weights."""
    features = (WIDTH,) if request.param == "prefix" else ()
    made = network(tiny_encoder, request.param, features=features)
    if request.param == "word":
        listening(made)
    pieces = PieceSettings(fusion=request.param, url_token="link")
    save_model(made, TaggerConfig(TAGS, pieces, "tiny", visual=features), tmp_path / "saved")
    shutil.copyfile(tiny_encoder / TOKENIZER, tmp_path / "saved" / TOKENIZER)
    return tmp_path / "saved"


def logits(folder: Path) -> bytes:
    made, config = load_model(folder)
    cutter = PieceCutter.load(folder / TOKENIZER, config.pieces)
    return TorchModel(made).logits(collate([example(cutter, WORDS, KNOWLEDGE)])).tobytes()


def test_one_of_0_1_gives_the_same_logits(saved: Path) -> None:
    before, wanted = TaggerConfig.read(saved), logits(saved)
    made_old(saved)
    assert TaggerConfig.read(saved) == before
    assert logits(saved) == wanted
    open_model(str(saved), device="cpu")


def test_the_embedded_one_is_of_that_format() -> None:
    said = json.loads((EMBEDDED / CONFIG).read_text("utf-8"))
    assert not {"decoder", "encoder_kind"} & said.keys()
    assert said["pieces"]["url"] == "http"
    assert said["visual"] == 0
    config = TaggerConfig.read(EMBEDDED)
    assert (config.pieces.fusion, config.decoder, config.encoder_kind) == ("word", "crf", "transformer")
    assert (config.pieces.url_token, config.visual, config.tags) == ("http", (), TAGS)


@pytest.mark.parametrize("part", ["decoder", "encoder_kind", "fusion"])
def test_a_part_that_is_not_here_is_named(tmp_path: Path, part: str) -> None:
    said = json.loads((EMBEDDED / CONFIG).read_text("utf-8"))
    (said["pieces"] if part == "fusion" else said)[part] = "of_tomorrow"
    (tmp_path / CONFIG).write_text(json.dumps(said), "utf-8")
    with pytest.raises(MissingError, match="of_tomorrow") as caught:
        TaggerConfig.read(tmp_path)
    assert str(tmp_path / CONFIG) in str(caught.value)
