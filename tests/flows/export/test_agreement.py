"""Torch, ONNX float and ONNX int8 on the real Twitter-2017 test split: a tagger trained here for a minute.

Bars: emissions within 1e-3; at most 3 of the 723 posts with another tag between torch and float; F1 of int8 within one
point. A tie between two tags may fall either way, so the tags of a few posts may differ where no number does.
"""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mmavk_cli.base.records import Knowledge, Post
from mmavk_cli.cli.main import app
from mmavk_cli.corpus.conll import read_conll
from mmavk_cli.corpus.tokenize import recut
from mmavk_cli.flows.shared.knowledge.attach import KnowledgeChoice, Wanted, scored_knowledge
from mmavk_cli.flows.shared.models import open_model
from mmavk_cli.flows.shared.predict import predicted_tags
from mmavk_cli.report.metrics.f1 import OVERALL, measure
from mmavk_cli.tagger.batch import collate

pytestmark = pytest.mark.slow
TRAINED, VALID = 480, 40


def mmavk(*words: object) -> None:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code in (0, 3), result.output


@pytest.fixture(scope="module")
def place(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the first posts of Twitter-2017 with captions, and its exports `float` and `int8`."""
    folder = tmp_path_factory.mktemp("agreement")
    data = folder / "data" / "twitter2017"
    data.mkdir(parents=True)
    for split, many in (("train", TRAINED), ("valid", VALID), ("test", None)):
        posts = (shared_data / "twitter2017" / f"{split}.txt").read_text("utf-8").split("IMGID:")[1:]
        (data / f"{split}.txt").write_text("".join(f"IMGID:{post}" for post in posts[:many]), "utf-8")
    captions = shared_data / "knowledge" / "blip2" / "twitter2017.txt"
    where = ("--data-dir", folder / "data", "--store", folder / "store")
    mmavk("store", "import", "--dataset", "twitter2017", captions, *where)
    usual = ("--dataset", "twitter2017", "--knowledge", "blip2", "--knowledge-pieces", 24, "--epochs", 1)
    mmavk("train", *usual, "--encoder-lr", 3e-4, "--head-lr", 0.02, "--out", folder / "run", *where)
    for kind, flag in (("float", "--no-int8"), ("int8", "--int8")):
        mmavk("export", folder / "run", flag, "--out", folder / kind)
    return folder


def test_exports_agree_with_torch_on_the_real_test_split(place: Path) -> None:
    posts = list(read_conll(place / "data" / "twitter2017" / "test.txt"))
    choice = KnowledgeChoice(knowledge="blip2", store=place / "store", data_dir=place / "data")
    knowledge = scored_knowledge(choice, "twitter2017", posts, Wanted())
    models = {kind: open_model(str(place / kind), 1)[0] for kind in ("run", "float", "int8")}
    apart = [difference(models, posts[at : at + 24], knowledge[at : at + 24]) for at in range(0, len(posts), 24)]
    assert max(apart) < 1e-3
    tags = {kind: predicted_tags(model, posts, knowledge, lambda _done, _all: None) for kind, model in models.items()}
    assert sum(one != other for one, other in zip(tags["run"], tags["float"], strict=True)) <= 3
    f1 = {kind: measure([post.tags or () for post in posts], own, "strict")[OVERALL].f1 for kind, own in tags.items()}
    assert f1["run"] > 30  # it has learned something to disagree about
    assert abs(f1["int8"] - f1["run"]) < 1


def difference(models: dict[str, object], posts: list[Post], knowledge: list[Knowledge | None]) -> float:
    """Largest difference of an emission between torch and ONNX float."""
    cutter, fusion = models["run"].cutter, models["run"].fusion
    pairs = zip(posts, knowledge, strict=True)
    batch = collate([fusion.example(cutter, recut(post).words, one) for post, one in pairs])
    torch, onnx = (models[kind].model.logits(batch)[batch.word_mask] for kind in ("run", "float"))
    return float(np.abs(torch - onnx).max())
