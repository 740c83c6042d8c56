"""An interrupted training is continued to the weights, the scores and the log of one that was not."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from small import UPDATES, Train, child, weights, words

from mmavk_cli.base.files import unfinished_folder

pytestmark = pytest.mark.slow

KILLED_AT = """
import os, signal
from mmavk_cli.tagger.training.trainer import Training
step = Training.training_step
def dying(self, *inputs):
    if self.state.global_step == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, *inputs)
Training.training_step = dying
"""
"""The process is killed where that many updates are done, without a chance to write anything."""


def points(out: Path) -> list[str]:
    return [path.name for path in unfinished_folder(out).glob("point-*")]


@pytest.fixture(scope="module")
def whole(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    from typer.testing import CliRunner

    from mmavk_cli.cli.main import app

    out = tmp_path_factory.mktemp("whole") / "run"
    done = CliRunner().invoke(app, words(place, out, "--save-steps", 3))
    assert done.exit_code == 0, done.output
    return out


@pytest.fixture(scope="module")
def killed(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training that was killed at the 5th update of its second epoch; its last point is at the 4th."""
    out = tmp_path_factory.mktemp("killed") / "run"
    done = child(KILLED_AT.format(at=UPDATES + 5), words(place, out, "--save-steps", 3))
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert points(out) == [f"point-{UPDATES + 4}"]
    return out


@pytest.fixture
def cut(killed: Path, tmp_path: Path) -> Path:
    """A copy of it, to be resumed under the name `run`."""
    shutil.copytree(unfinished_folder(killed), unfinished_folder(tmp_path / "run"))
    return tmp_path / "run"


def test_killed_twice_equals_uninterrupted_to_the_bit(place: Path, whole: Path, cut: Path, train: Train) -> None:
    after_epoch = child(KILLED_AT.format(at=2 * UPDATES), words(place, cut, "--save-steps", 3, "--resume"))
    assert after_epoch.returncode == -signal.SIGKILL
    assert points(cut) == [f"point-{2 * UPDATES}"]
    done = train(cut, "--save-steps", 3, "--resume")
    assert done.exit_code == 0, done.output
    assert f"step {2 * UPDATES}  resumed" in done.stderr
    assert weights(cut) == weights(whole)
    assert (cut / "scores.json").read_bytes() == (whole / "scores.json").read_bytes()
    assert (cut / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()
    assert {path.name for path in cut.iterdir()} == {path.name for path in whole.iterdir()}
    assert not unfinished_folder(cut).exists()


def test_of_several_seeds_the_interrupted_one_is_continued(
    killed: Path, whole: Path, train: Train, tmp_path: Path
) -> None:
    shutil.copytree(unfinished_folder(killed), unfinished_folder(tmp_path / "runs" / "seed-1"))
    done = train(tmp_path / "runs", "--seeds", "1,2", "--resume")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("resumed") == 1
    assert weights(tmp_path / "runs" / "seed-1") == weights(whole) != weights(tmp_path / "runs" / "seed-2")


def test_several_seeds_are_not_for_several_processes(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    done = train(tmp_path / "runs", "--seeds", "1,2")
    assert getattr(done.exception, "code", None) == 2


def test_points_need_no_pickle(cut: Path) -> None:
    files = {path.suffix for path in unfinished_folder(cut).glob("point-*/*")}
    assert files == {".json", ".safetensors"}


def test_another_setting_is_named(cut: Path, train: Train) -> None:
    done = train(cut, "--resume", "--encoder-lr", 0.001)
    assert getattr(done.exception, "code", None) == 2
    assert "was made with --encoder-lr 0.003, now 0.001" in str(done.exception)
    assert points(cut)


def test_other_data_is_refused(place: Path, cut: Path, train: Train, tmp_path: Path) -> None:
    shutil.copytree(place / "data", tmp_path / "data")
    file = tmp_path / "data" / "twitter2017" / "train.txt"
    file.write_text(file.read_text("utf-8") + "\nIMGID:1\nParis\tB-LOC\n", "utf-8")
    done = train(cut, "--resume", "--data-dir", tmp_path / "data")
    assert getattr(done.exception, "code", None) == 3
    assert "made with another twitter2017/train" in str(done.exception)


def test_a_broken_point_is_told(cut: Path, train: Train) -> None:
    file = next(unfinished_folder(cut).glob("point-*/optimizer.safetensors"))
    file.write_bytes(file.read_bytes()[:100])
    done = train(cut, "--save-steps", 3, "--resume")
    assert getattr(done.exception, "code", None) == 3
    assert "the resume checkpoint is broken" in str(done.exception)


def test_an_unfinished_training_is_not_thrown_away(cut: Path, train: Train) -> None:
    done = train(cut, "--save-steps", 3)
    assert "Continue it with --resume" in str(done.exception)
    assert points(cut)


def test_nothing_to_resume(whole: Path, train: Train, tmp_path: Path) -> None:
    assert "there is no unfinished training" in str(train(tmp_path / "new", "--resume").exception)
    assert "the training is finished" in str(train(whole, "--resume").exception)


def test_ctrl_c_says_how_to_go_on(train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: Path) -> None:
    from mmavk_cli.tagger.training.trainer import Training

    step = Training.training_step

    def interrupted(self: Training, *inputs: object) -> object:
        if self.state.global_step == 2:  # before the first point: resuming begins again
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, *inputs)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "training_step", interrupted)
        done = train(tmp_path / "run", "--save-steps", 3)
    assert done.exit_code == 130
    assert "repeat the command with --resume to continue this training" in done.stderr
    assert train(tmp_path / "run", "--save-steps", 3, "--resume").exit_code == 0
    assert weights(tmp_path / "run") == weights(whole)
    assert (tmp_path / "run" / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()
