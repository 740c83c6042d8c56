"""`--threshold auto`: the gate that scoring every threshold by itself would choose, for two readings of a post."""

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from networks import TAGS
from tiny_tagger import EMBEDDED

from mmavk_cli.base.records import Knowledge, Post, Word
from mmavk_cli.flows.shared.models import open_model
from mmavk_cli.flows.shared.predict import predicted_tags
from mmavk_cli.flows.train.gate import Item, choose_gate, regated, similarities
from mmavk_cli.flows.train.train import validate
from mmavk_cli.similarity.gate import Gate, GateSettings, best_gate
from mmavk_cli.tagger.batch import Batch, Floats
from mmavk_cli.tagger.checkpoint import TaggerConfig
from mmavk_cli.tagger.inference.torch_model import TorchModel, save_model
from mmavk_cli.tagger.model import TaggerNetwork
from mmavk_cli.tagger.settings import PieceSettings

WORDS = ["Houston", "calls", "Ann", "from", "Rome", "about", "the", "new", "Apollo", "show"]
POSTS = 40


@pytest.fixture
def checkpoint(tiny_tagger: TaggerNetwork, tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    save_model(tiny_tagger, TaggerConfig(TAGS, PieceSettings(), "tiny"), folder)
    shutil.copyfile(EMBEDDED / "tokenizer.json", folder / "tokenizer.json")
    return folder


@pytest.fixture
def valid(checkpoint: Path) -> dict[str, list[Item]]:
    """Posts whose gold is what the checkpoint finds where knowledge under 0.5 counts a tenth; every eighth has none."""
    dice = np.random.default_rng(3)
    items: list[Item] = []
    for number in range(POSTS):
        words = list(dice.choice(WORDS, int(dice.integers(2, 9))))
        starts = [sum(len(word) + 1 for word in words[:at]) for at in range(len(words))]
        cut = tuple(Word(word, at, at + len(word)) for word, at in zip(words, starts, strict=True))
        text = Knowledge(" ".join(dice.permutation(WORDS)), "r", float(dice.random()))
        items.append((Post(str(number), " ".join(words), cut), text if number % 8 else None))
    gate = Gate(0.5, 0.1)
    texts = [text for _, text in regated(items, gate)]
    tags = predicted_tags(open_model(str(checkpoint))[0], [post for post, _ in items], texts, lambda _done, _all: None)
    gold = [Post(post.id, post.text, post.words, tuple(own)) for (post, _), own in zip(items, tags, strict=True)]
    return {"small": [(post, text) for post, (_, text) in zip(gold, items, strict=True)]}


@pytest.mark.parametrize("select", ["own", "mean"])
@pytest.mark.parametrize(("ramp", "readings"), [(0.0, 3), (0.2, 12)])
def test_choice_is_that_of_scoring_each_threshold(
    checkpoint: Path,
    valid: dict[str, list[Item]],
    select: str,
    ramp: float,
    readings: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = GateSettings(threshold="auto", below=0.1, ramp=ramp)
    judge = partial(validate, select=select)
    predictor = open_model(str(checkpoint))[0]

    def one_by_one(gate: Gate) -> float:
        return judge(predictor, {name: regated(items, gate) for name, items in valid.items()})["f1"]

    expected = best_gate(one_by_one, list(similarities(valid["small"])), settings)
    assert expected.threshold is not None
    its_score = one_by_one(expected)
    read: list[int] = []
    logits = TorchModel.logits

    def counted(self: TorchModel, batch: Batch) -> Floats:
        read.append(len(batch.gold))
        return logits(self, batch)

    monkeypatch.setattr(TorchModel, "logits", counted)
    scores = choose_gate(checkpoint, valid, settings, judge)
    assert Gate(**json.loads((checkpoint / "tagger.json").read_text())["gate"]) == expected
    assert scores["f1"] == its_score
    assert POSTS < sum(read) <= readings * POSTS
