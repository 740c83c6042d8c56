"""A tiny tagger with random weights: it proves plumbing, never quality."""

from pathlib import Path

import pytest
import torch
from networks import listening, network

import mmavk_cli
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings

EMBEDDED = Path(mmavk_cli.__file__).parent / "embedded"


@pytest.fixture(scope="session")
def cutter() -> PieceCutter:
    return PieceCutter.load(EMBEDDED / "tokenizer.json", PieceSettings())


@pytest.fixture
def tiny_encoder(tmp_path: Path) -> Path:
    """A folder with a random two-layer BERT and the real tokenizer."""
    import shutil

    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, max_position_embeddings=128
    )
    folder = tmp_path / "tiny"
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    shutil.copyfile(EMBEDDED / "tokenizer.json", folder / "tokenizer.json")
    return folder


@pytest.fixture
def tiny_tagger(tiny_encoder: Path) -> TaggerNetwork:
    return listening(network(tiny_encoder)).eval()
