"""A small data set with captions and a tiny random encoder: training on them proves plumbing, never quality."""

import shutil
from pathlib import Path

import pytest
from small import POSTS, Train, where, words
from small_place import mmavk, quick, small_place
from tiny_tagger import cutter, tiny_encoder, tiny_tagger
from typer.testing import CliRunner

import mmavk_cli
from mmavk_cli.cli.main import app

__all__ = ["cutter", "mmavk", "quick", "small_place", "tiny_encoder", "tiny_tagger"]

TOKENIZER = Path(mmavk_cli.__file__).parent / "embedded" / "tokenizer.json"


@pytest.fixture(scope="session")
def place(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data`, `store` and the encoder `tiny`."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("training")
    target = folder / "data" / "twitter2017"
    target.mkdir(parents=True)
    for split, many in POSTS.items():
        posts = (shared_data / "twitter2017" / f"{split}.txt").read_text("utf-8").split("IMGID:")[1 : many + 1]
        (target / f"{split}.txt").write_text("".join(f"IMGID:{post}" for post in posts), "utf-8")
    captions = shared_data / "knowledge" / "blip2" / "twitter2017.txt"
    words = ["store", "import", "--dataset", "twitter2017", str(captions), *where(folder)]
    assert CliRunner().invoke(app, words).exit_code in (0, 3)  # 3: captions of posts that were left out
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(**sizes), add_pooling_layer=False).save_pretrained(folder / "tiny")
    shutil.copyfile(TOKENIZER, folder / "tiny" / "tokenizer.json")
    return folder


@pytest.fixture
def train(place: Path) -> Train:
    """`mmavk train`, in this process: the folder to make, then more options."""
    return lambda out, *more: CliRunner().invoke(app, words(place, out, *more))
