"""Two processes train one model: equal weights in both, those of one process, and only the first of them writes and
speaks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from small import UPDATES, Train, words

pytestmark = pytest.mark.slow

KEEPING_WEIGHTS = """
import os, sys
from safetensors.torch import save_file
from mmavk_cli.tagger.training import train as training
from mmavk_cli.cli.main import main
place, fit = sys.argv.pop(1), training.fit
def fit_and_keep(model, *others):
    fit(model, *others)
    save_file(dict(model.named_parameters()), f"{place}/weights-{os.environ['RANK']}.safetensors")
training.fit = fit_and_keep
main()
"""
"""The command, whose every process leaves its weights in a folder."""

PATIENT = """
from mmavk_cli.cli import torchrun as follower
from mmavk_cli.cli.main import main
follower.GRACE = 600
main()
"""
"""The command, whose second process leaves the first all the time it may need to speak."""

FAILING = """
import os, time
from mmavk_cli.base.errors import DataError
from mmavk_cli.cli import torchrun as follower
from mmavk_cli.cli.main import main
from mmavk_cli.tagger.training import train as training
def fit(*_):
    if os.environ["RANK"] == "1":
        raise DataError("the disk of this one is full", "point-4", "Make room there")
    time.sleep(600)
training.fit, follower.GRACE = fit, 0.1
main()
"""
"""The command; training fails in the second process alone."""

# Without dropout, which each process draws for its own posts, two processes do what one does.
STILL = ("--dropout", 0, "--averaging", 0, "--epochs", 2, "--tensorboard")


@pytest.fixture(scope="module")
def still_encoder(place: Path) -> Path:
    """The tiny encoder without dropout."""
    import shutil

    shutil.copytree(place / "tiny", place / "still")
    config = json.loads((place / "still" / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (place / "still" / "config.json").write_text(json.dumps(config))
    return place / "still"


def torchrun(folder: Path, script: str, *line: object) -> subprocess.CompletedProcess[str]:
    """A script in two processes."""
    (folder / "script.py").write_text(script)
    start = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    whole = [*start, str(folder / "script.py"), *map(str, line)]
    return subprocess.run(whole, check=False, capture_output=True, text=True)


def test_two_processes_train_as_one(place: Path, still_encoder: Path, train: Train, tmp_path: Path) -> None:
    more = (*STILL, "--encoder", still_encoder)
    done = torchrun(tmp_path, KEEPING_WEIGHTS, tmp_path, *words(place, tmp_path / "two", *more))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("validation F1") == 1
    first, second = (load_file(tmp_path / f"weights-{process}.safetensors") for process in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"two"}
    lines = [json.loads(line) for line in (tmp_path / "two" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [UPDATES, 2 * UPDATES]
    assert len(list((tmp_path / "two" / "tensorboard").iterdir())) == 1

    assert train(tmp_path / "one", *more).exit_code == 0
    two, one = (load_file(tmp_path / name / "model" / "head.safetensors") for name in ("two", "one"))
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, rtol=0.01, atol=0.01, msg=name)


def told(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What mmavk says of a fault, torchrun's own report left out."""
    assert done.returncode == 1
    assert done.stdout == ""
    return [line for line in done.stderr.splitlines() if line.startswith(("mmavk:", "Error:"))]


@pytest.mark.parametrize(
    ("more", "fault"),
    [(("--dataset", "nowhere"), "no data set 'nowhere'. Set --data-dir"), (("--no-such", 0), "No such option")],
)
def test_a_fault_of_all_is_told_by_the_first(place: Path, tmp_path: Path, more: tuple[object, ...], fault: str) -> None:
    (line,) = told(torchrun(tmp_path, PATIENT, *words(place, tmp_path / "run", *more)))
    assert fault in line


def test_a_fault_of_another_process_is_told_by_that_one(place: Path, tmp_path: Path) -> None:
    done = torchrun(tmp_path, FAILING, *words(place, tmp_path / "run"))
    assert told(done) == ["mmavk: point-4: the disk of this one is full. Make room there"]
    assert done.stderr.count("split twitter2017/train") == 1
