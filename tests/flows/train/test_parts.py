"""An update in parts, with recomputed layers or less memory is the same update."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from small import BATCH, Train, weights

from mmavk_cli.base.device import is_out_of_memory
from mmavk_cli.base.files import unfinished_folder
from mmavk_cli.base.records import TYPES
from mmavk_cli.tagger.batch import Batch
from mmavk_cli.tagger.model import TaggerNetwork

pytestmark = pytest.mark.slow
LOSSES = TaggerNetwork.losses


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The model's memory holds as many posts as the list's number says; the list then gets the size of each part."""
    sizes = [BATCH]

    def losses(self: TaggerNetwork, batch: Batch) -> dict[str, torch.Tensor]:
        result = LOSSES(self, batch)
        if len(batch.gold) > sizes[0]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        sizes.append(len(batch.gold))
        return result

    monkeypatch.setattr(TaggerNetwork, "losses", losses)
    return sizes


def test_memory_that_runs_out_halves_the_parts_and_changes_nothing_else(
    train: Train, tmp_path: Path, room: list[int]
) -> None:
    asked = train(tmp_path / "asked", "--epochs", 1, "--micro-batch", 2)
    assert asked.exit_code == 0, asked.output
    wanted = room[1:]
    room[:] = [3]
    forced = train(tmp_path / "forced", "--epochs", 1)
    assert forced.exit_code == 0, forced.output
    assert room[1:] == wanted  # no post left out of its update, none twice
    assert weights(tmp_path / "forced") == weights(tmp_path / "asked")
    lines = [json.loads(line) for line in (tmp_path / "forced" / "metrics.jsonl").read_text().splitlines()]
    told = [(line["micro_batch"], line["parts"]) for line in lines if "out_of_memory" in line]
    assert told == [(4, 2), (2, 4)]
    assert "micro_batch 2  parts 4" in forced.stderr


def test_one_post_that_does_not_fit_ends_with_6(train: Train, tmp_path: Path, room: list[int]) -> None:
    room[:] = [0]
    done = train(tmp_path / "run")
    assert getattr(done.exception, "code", None) == 6
    assert "one post at a time does not fit" in str(done.exception)
    assert unfinished_folder(tmp_path / "run").is_dir()


def test_a_full_memory_is_known_by_what_torch_says() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shapes cannot be multiplied"))


def test_all_ways_to_save_memory_together(train: Train, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    saving = ("--precision", "bfloat16", "--gradient-checkpointing", "--micro-batch", 3)
    done = train(tmp_path / "run", "--epochs", 1, *saving)
    assert done.exit_code == 0, done.output
    kept = load_file(tmp_path / "run" / "model" / "encoder" / "model.safetensors")
    assert {tensor.dtype for tensor in kept.values()} == {torch.float32}


def test_a_loss_that_is_no_number_stops_with_advice(train: Train, tmp_path: Path) -> None:
    done = train(tmp_path / "run", "--encoder-lr", 1e30, "--warmup", 0, "--averaging", 0)
    assert getattr(done.exception, "code", None) == 2
    assert "the loss is not a number" in str(done.exception)
    assert "Lower --encoder-lr" in str(done.exception)


@pytest.fixture(scope="module")
def nameless(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose training posts have next to no names: a model that finds none is all it can give."""
    folder = tmp_path_factory.mktemp("nameless") / "twitter2017"
    shutil.copytree(place / "data" / "twitter2017", folder)
    text = (folder / "train.txt").read_text("utf-8")
    untagged = re.sub(r"\t[BI]-\w+$", "\tO", text.partition("\n\n")[2], flags=re.MULTILINE)
    # The first post names one of each type: training on no name at all is refused before it begins.
    named = "".join(f"Name\tB-{kind}\n" for kind in TYPES)
    (folder / "train.txt").write_text(f"IMGID:named\n{named}\n{untagged}", "utf-8")
    return folder.parent


@pytest.mark.parametrize(("warmup", "judged"), [(0.1, 120), (1, 180)])
def test_a_model_that_finds_no_name_stops_with_advice(
    train: Train, tmp_path: Path, nameless: Path, warmup: float, judged: int
) -> None:
    """Not after the first epoch of 60 updates, that is a start; nor while the learning rate still rises."""
    asked = ("--data-dir", nameless, "--batch-size", 1, "--warmup", warmup)
    done = train(tmp_path / "run", *asked)
    assert getattr(done.exception, "code", None) == 2, done.output
    assert str(done.exception).startswith(f"update {judged}: the model collapsed")
    assert "Lower --encoder-lr" in str(done.exception)
    unfinished = unfinished_folder(tmp_path / "run")
    lines = map(json.loads, (unfinished / "metrics.jsonl").read_text().splitlines())
    scores = {line["step"]: line["eval_f1"] for line in lines if "eval_f1" in line}
    assert list(scores) == [60, 120, 180][: judged // 60]
    assert scores[120] == 0.0
    assert next(unfinished.glob("point-*"))  # what was kept so far stays
