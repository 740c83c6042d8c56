"""A place with a few posts, captions and a tiny random encoder: it proves plumbing, never quality."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import mmavk_cli
from mmavk_cli.cli.main import app

Mmavk = Callable[..., Result]
POSTS = {"train": 48, "valid": 16, "test": 24}


@pytest.fixture(scope="session")
def mmavk() -> Mmavk:
    """Runs a command line; `code` is the exit code it must have, that of the error class for one that failed."""

    def run(*words: object, code: int = 0) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert getattr(result.exception, "code", result.exit_code) == code, result.output
        return result

    return run


@pytest.fixture(scope="module")
def small_place(shared_data: Path, tmp_path_factory: pytest.TempPathFactory, mmavk: Mmavk) -> Iterator[Path]:
    """The folder, which is mmavk's home too; `tiny` in it is the encoder, and `blip2` the knowledge."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("small")
    for name in ("twitter2015", "twitter2017"):
        (folder / "data" / name).mkdir(parents=True)
        for split, many in POSTS.items():
            posts = (shared_data / name / f"{split}.txt").read_text("utf-8").split("IMGID:")[1 : many + 1]
            (folder / "data" / name / f"{split}.txt").write_text("".join(f"IMGID:{post}" for post in posts), "utf-8")
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(**sizes), add_pooling_layer=False).save_pretrained(folder / "tiny")
    tokenizer = Path(mmavk_cli.__file__).parent / "embedded" / "tokenizer.json"
    shutil.copyfile(tokenizer, folder / "tiny" / "tokenizer.json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMAVK_HOME", str(folder))
        patch.delenv("MMAVK_DATA", raising=False)
        mmavk("store", "import", "--dataset", "twitter2017", shared_data / "knowledge" / "blip2" / "twitter2017.txt")
        yield folder


@pytest.fixture(scope="module")
def quick(small_place: Path) -> tuple[object, ...]:
    """Options of a training that takes a second, and finds something all the same."""
    return ("--encoder", small_place / "tiny", "--epochs", 5, "--encoder-lr", 0.003, "--head-lr", 0.03)
