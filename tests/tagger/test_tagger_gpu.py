"""A tagger that learns and works on a GPU, pretended where there is none: every way to take knowledge."""

import random
from pathlib import Path
from typing import Any

import pytest
from networks import TAGS, visual
from pretended_gpu import CUDA, pretended_gpu

from mmavk_cli.base.records import Span, Word
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.build import untrained
from mmavk_cli.tagger.checkpoint import TaggerConfig
from mmavk_cli.tagger.fusions.learned_gate import LearnedGate
from mmavk_cli.tagger.inference.predictor import Predictor
from mmavk_cli.tagger.inference.torch_model import TorchModel
from mmavk_cli.tagger.pieces import PieceCutter
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings
from mmavk_cli.tagger.training.resume_points import Points
from mmavk_cli.tagger.training.train import fit

VISUAL = 5


class Unwritten(Points):
    """Points that are not written: pretended tensors have no bytes to save."""

    def write(self, *given: Any) -> None:
        assert {one.device for one in given[2]["optimizer.safetensors"].values()} == {CUDA}


def posts(cutter: PieceCutter, width: int) -> list[Example]:
    chance = random.Random(0)
    found = []
    for number in range(7):
        words = [Word(chance.choice(["Paris", "a", "sign"]), 0, 1) for _ in range(chance.randint(1, 9))]
        known = cutter.knowledge("a man " * chance.randint(1, 9)) if number % 3 else ()
        gold = tuple(Span(at, at + 1, "PER") for at in range(len(words)) if chance.randint(0, 1))
        features = visual([chance.random() for _ in range(width)]) if width else None
        appended = cutter.settings.fusion == "concat"
        found.append(Example(cutter.post(words), known, 0.5, gold, appended, features, similarity=0.3))
    return found


@pytest.mark.parametrize(
    ("fusion", "learned", "settings"),
    [
        ("word", False, {"averaging": 0.9}),
        ("word", False, {"micro_batch": 2, "precision": "bfloat16"}),
        ("word", False, {"freeze_knowledge": True}),
        ("word", True, {}),
        ("concat", False, {}),
        ("prefix", False, {}),
    ],
    ids=["averaging", "micro_batch, bfloat16", "freeze_knowledge", "learned gate", "concat", "prefix"],
)
def test_it_learns_and_finds_names_there(
    fusion: Any, learned: bool, settings: dict[str, Any], cutter: PieceCutter, tiny_encoder: Path, tmp_path: Path
):
    pieces = PieceSettings(fusion=fusion, text_pieces=60, knowledge_pieces=60)
    cutter = PieceCutter(cutter.tokenizer, pieces)
    gate, width = LearnedGate(0.3, 5.0) if learned else None, VISUAL if fusion == "prefix" else 0
    training = TrainingSettings(encoder=str(tiny_encoder), epochs=1, batch_size=4, **settings)
    model = untrained(training, pieces, TAGS, (width,) if width else (), gate)
    examples, found = posts(cutter, width), []

    def evaluate(_epoch: int) -> dict[str, float]:
        predictor = Predictor(TorchModel(model), cutter, TaggerConfig(TAGS, pieces, str(tiny_encoder)))
        parts = (examples, examples[:1], examples[1:2])  # all, one without knowledge, one whose is remembered
        found.extend((predictor.model.device, len(predictor._run(some))) for some in parts)
        return {"f1": 1.0}

    with pretended_gpu():
        frozen = model.fusion.frozen
        if frozen is not None:
            frozen.remember([examples[1].knowledge], "cuda", lambda *_: None)  # the others are encoded each time
        fit(model, examples, training, cutter.unknown, evaluate, lambda _: None, Unwritten(tmp_path))
    assert {one.device for one in model.parameters()} == {CUDA}
    assert found == [("cuda:0", many) for many in (7, 1, 1)]
