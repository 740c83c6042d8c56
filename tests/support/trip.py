"""A small data set of our own, and the real command line, here or in a process of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ran import Mmavk as Here
from typer.testing import CliRunner

import mmavk_cli
from mmavk_cli.base.records import Post
from mmavk_cli.cli.main import app
from mmavk_cli.corpus.tokenize import cut

Done = subprocess.CompletedProcess[str]
Mmavk = Callable[..., Done]

PEOPLE = ("Ann Lee", "Bob Ray", "Cy Young", "Dee Fox")
TOWNS = ("Rome", "Oslo", "Lima", "Cairo")
SECRET = "waterfall"
"""A word of the posts and of the texts about pictures, which no card and no hub may ever see."""


def write_posts(folder: Path) -> None:
    """The three splits of the data set, twelve posts each."""
    folder.mkdir(parents=True)
    for shift, split in enumerate(("train", "valid", "test")):
        posts = [_conll(one, TOWNS[(at + shift) % 4], name) for at, one, name in _named(shift)]
        (folder / f"{split}.txt").write_text("\n".join(posts) + "\n", "utf-8")


def write_knowledge(file: Path) -> None:
    """A text about each post's picture, as BLIP-2's captions are published."""
    names = (name for shift in range(3) for _, _, name in _named(shift))
    file.write_text("".join(f"{name}.jpg :a {SECRET} in the hills\n" for name in names), "utf-8")


def _named(shift: int) -> list[tuple[int, str, str]]:
    return [(at, one, f"{shift}{at}{again}") for again in range(3) for at, one in enumerate(PEOPLE)]


def _conll(person: str, town: str, name: str) -> str:
    text = f"{person} saw the {SECRET} near {town}"
    post = Post(name, text, cut(text))
    tags = {0: "B-PER", 1: "I-PER", len(post.words) - 1: "B-LOC"}
    return f"IMGID:{name}\n" + "".join(f"{word.text}\t{tags.get(at, 'O')}\n" for at, word in enumerate(post.words))


def runner(folder: Path, **more: str) -> Mmavk:
    """Runs `mmavk` in `folder`, which is its home too; of the hub it knows what `more` says."""
    own = {"MMAVK_HOME": str(folder), "MMAVK_CONFIG": str(folder / "none.toml"), "HF_HOME": str(folder / "hf")}
    others = ("HF_", "HUGGING_FACE_", "MMAVK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    environment = kept | own | {"OMP_NUM_THREADS": "1"} | more

    def ran(*words: object) -> Done:
        line = [sys.executable, "-m", "mmavk_cli", *map(str, words)]
        return subprocess.run(line, check=False, cwd=folder, env=environment, capture_output=True, text=True)

    return ran


def run_at(folder: Path, *lines: Sequence[object]) -> None:
    """Runs command lines in this process, in `folder`, which is mmavk's home too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MMAVK_HOME", str(folder))
        for line in lines:
            done = CliRunner().invoke(app, [str(word) for word in line])
            assert done.exit_code == 0, done.output


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
def ran(place: Path, mmavk: Here, monkeypatch: pytest.MonkeyPatch) -> Here:
    """The real entry point in this process, at `place`."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("MMAVK_HOME", str(place))
    return mmavk
