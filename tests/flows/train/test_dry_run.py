"""train --dry-run, the paper's recipe and what training refuses before it begins."""

import json
import shutil
from pathlib import Path

import pytest
from small import POSTS, Train, where
from typer.testing import CliRunner

from mmavk_cli.cli.main import app
from mmavk_cli.flows.train.settings import TrainSettings


def plan(place: Path, *more: object) -> dict[tuple[str, str], str]:
    """What `mmavk train --dry-run` prints: (what, which) → value."""
    words = ["train", "--dataset", "twitter2017", "--knowledge", "blip2", "--out", place / "never", "--dry-run"]
    done = CliRunner().invoke(app, [str(word) for word in (*words, *where(place), *more)])
    assert done.exit_code == 0, done.output
    assert not (place / "never").exists()
    return {(what, which): value for what, which, value in (line.split("\t") for line in done.stdout.splitlines())}


def test_the_paper_can_be_planned_without_its_encoder(place: Path) -> None:
    told = plan(place, "--recipe", "mmavk", "--scorer", "text")
    assert told["data", "twitter2017/train"].startswith(
        f"posts {POSTS['train']}, with_knowledge {POSTS['train']}, gated 0."
    )
    assert told["updates", ""] == "epoch 4, all 120, warm-up 12"
    assert told["encoder", "xlm-roberta-large"] == "558.8 million parameters"
    assert told["setting", "knowledge_pieces"] == "256"
    memory = told["memory", "float32 (as set)"]
    assert "weights 2.09 GiB, gradients 2.09 GiB, optimizer 4.19 GiB" in memory
    assert memory.endswith("fits 24 GB")


def test_a_card_can_be_too_small(place: Path) -> None:
    told = plan(place, "--recipe", "mmavk", "--scorer", "text", "--batch-size", 64)
    assert told["memory", "float32 (as set)"].endswith("does not fit 24 GB")
    assert told["memory", "bfloat16, gradient checkpointing"].endswith(", fits 24 GB")


def test_the_recipe_has_the_papers_settings(shared_data: Path, tmp_path: Path) -> None:
    paper = json.loads((shared_data.parent / "paper" / "published.json").read_text("utf-8"))
    training, similarity = paper["training"], paper["similarity"]
    ours = TrainSettings.gather({"dataset": ["twitter2017"], "recipe": "mmavk", "out": tmp_path})
    assert (ours.encoder, ours.epochs, ours.batch_size) == ("xlm-roberta-large", 30, 16)
    assert (training["encoder"], training["max_epochs"], training["batch_size"]) == ("xlm-roberta-large", 30, 16)
    assert (ours.weight_decay, ours.warmup) == (training["weight_decay"], training["warmup_fraction"])
    assert float(ours.threshold or 0) == similarity["threshold"]
    assert (ours.scorer, ours.clip) == ("clip", "ViT-B-32/openai")
    assert similarity["clip"] == "ViT-B/32"
    assert (ours.below, ours.fusion, ours.select) == (similarity["weight_below_threshold"], "word", "own")


def test_an_estimate_of_an_encoder_that_is_not_like_bert_says_so(place: Path, tmp_path: Path) -> None:
    config = json.loads((place / "tiny" / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "deberta-v2"}))
    told = plan(place, "--encoder", tmp_path)
    assert told["memory", "note"] == "counted as if deberta-v2 were built like BERT: the numbers may be far off"
    assert ("memory", "note") not in plan(place, "--encoder", place / "tiny")


def test_an_encoder_of_unknown_size_is_told(train: Train, tmp_path: Path) -> None:
    done = train(tmp_path / "run", "--dry-run", "--encoder", "nobody/nothing")
    assert getattr(done.exception, "code", None) == 5


def test_knowledge_can_be_required(train: Train, tmp_path: Path, place: Path) -> None:
    odd = tmp_path / "data" / "twitter2017"
    odd.mkdir(parents=True)
    for split in ("train", "valid"):
        text = (place / "data" / "twitter2017" / f"{split}.txt").read_text("utf-8")
        (odd / f"{split}.txt").write_text(f"{text}\nIMGID:1\nParis\tB-LOC\n", "utf-8")
    data = ("--data-dir", tmp_path / "data")
    counted = train(tmp_path / "run", *data, "--dry-run")
    assert f"posts {POSTS['train'] + 1}, with_knowledge {POSTS['train']}" in counted.stdout
    done = train(tmp_path / "run", *data, "--require-knowledge")
    assert getattr(done.exception, "code", None) == 4
    assert f"1 of {POSTS['train'] + 1} posts have no knowledge" in str(done.exception)


def test_knowledge_of_no_post_is_not_trained_without(tmp_path: Path, place: Path) -> None:
    shutil.copytree(place / "data" / "twitter2017", tmp_path / "data" / "elsewhere")
    words = ("train", "--dataset", "elsewhere", "--knowledge", "blip2", "--encoder", place / "tiny", *where(place))
    more = ("--data-dir", tmp_path / "data", "--out", tmp_path / "run")
    done = CliRunner().invoke(app, [str(word) for word in (*words, *more)])
    assert getattr(done.exception, "code", None) == 4
    advice = "Import some: mmavk store import --dataset elsewhere FILE"
    assert str(done.exception) == f"elsewhere train: no post has knowledge 'blip2'. {advice}"


def test_to_require_knowledge_is_to_name_it(tmp_path: Path) -> None:
    words = ["train", "--dataset", "twitter2017", "--require-knowledge", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(app, words)
    assert getattr(done.exception, "code", None) == 2
    assert "--require-knowledge: it needs --knowledge" in str(done.exception)


def test_a_split_that_is_missing_is_no_reason_to_take_another(train: Train, tmp_path: Path, place: Path) -> None:
    folder = tmp_path / "data" / "twitter2017"
    folder.mkdir(parents=True)
    for split in ("train", "test"):
        (folder / f"{split}.txt").write_bytes((place / "data" / "twitter2017" / "train.txt").read_bytes())
    done = train(tmp_path / "run", "--data-dir", tmp_path / "data")
    assert getattr(done.exception, "code", None) == 3
    assert "valid" in str(done.exception)


def test_tensorboard_that_is_not_installed(train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmavk_cli.report.tensorboard.find_spec", lambda _: None)
    done = train(tmp_path / "run", "--tensorboard")
    assert getattr(done.exception, "code", None) == 5
    assert "pip install '.[train]'" in str(done.exception)


def test_a_training_without_knowledge_says_so(place: Path) -> None:
    line = ["train", "--dataset", "twitter2017", "--encoder", str(place / "tiny"), "--out", "never", "--dry-run"]
    said = "without --knowledge NAME the model learns from the words alone"
    assert said in CliRunner().invoke(app, [*line, *where(place)]).stderr
    assert said not in CliRunner().invoke(app, [*line, *where(place), "--fusion", "text"]).stderr
