"""A trained tagger and its export, of random weights, and a hub on loopback: they prove plumbing, never quality."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_stub import TOKEN, Hub
from trip import run_at, write_knowledge, write_posts
from web import serving

import mmavk_cli

Ran = tuple[int, str, str]


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is mmavk's home: the data set `trip`, its knowledge `hills`, the run `runs/trip` with the encoder
    `tiny`, and its export `int8`.
    """
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("push")
    write_posts(folder / "data" / "trip")
    write_knowledge(folder / "hills.txt")
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(BertConfig(**sizes), add_pooling_layer=False).save_pretrained(folder / "tiny")
    shutil.copyfile(Path(mmavk_cli.__file__).parent / "embedded" / "tokenizer.json", folder / "tiny" / "tokenizer.json")
    usual = ("--dataset", "trip", "--encoder", folder / "tiny", "--knowledge", "hills")
    quick = ("--encoder-lr", 0.003, "--head-lr", 0.03, "--epochs", 6, "--batch-size", 4)
    run_at(
        folder,
        ("store", "import", "--dataset", "trip", "hills.txt", "--knowledge-name", "hills"),
        ("train", *usual, *quick, "--out", "runs/trip"),
        ("export", "runs/trip", "--out", "int8"),
    )
    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving(Hub()) as up:
        yield up


@pytest.fixture
def ran(place: Path, mmavk: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """The real entry point in this process, at `place`."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("MMAVK_HOME", str(place))
    return mmavk


@pytest.fixture
def push(ran: Callable[..., Ran], hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """`mmavk push` of somebody who is logged in at the hub."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    return lambda *words: ran("push", *words, "--endpoint", hub.url)
