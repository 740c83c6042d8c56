"""The estimates of a tagger's memory, in training and at work, against real peaks; the paper's encoder in full size."""

import json
import os
import subprocess
import sys

import pytest

from mmavk_cli.base.records import TYPES
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.encoders.shape import KNOWN, Shape
from mmavk_cli.tagger.settings import PieceSettings, TrainingSettings
from mmavk_cli.tagger.training.memory_estimate import Plan, estimate, working

pytestmark = pytest.mark.slow

SIZES = {
    "model_type": "bert",
    "hidden_size": 384,
    "num_hidden_layers": 4,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}
LENGTHS = {"text_pieces": 128, "knowledge_pieces": 256}
VISUAL = 512
TAGS = tag_names(TYPES)

MEASURED = """
import json, resource, sys
from pathlib import Path
from tempfile import TemporaryDirectory
import torch
from transformers import BertConfig, BertModel
from mmavk_cli.base.records import TYPES, Visual
from mmavk_cli.base.device import peak_memory
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.batch import Example
from mmavk_cli.tagger.build import Parts, assembled
from mmavk_cli.tagger.encoders.frozen import FrozenKnowledge
from mmavk_cli.tagger.encoders.transformer_layers import TransformerLayers
from mmavk_cli.tagger.pieces import Pieces
from mmavk_cli.tagger.training.resume_points import Points
from mmavk_cli.tagger.settings import TrainingSettings
from mmavk_cli.tagger.training.train import fit

sizes, settings, fusion, text, knowledge, visual = json.loads(sys.argv[1])
settings = TrainingSettings(**settings)
def example(number):
    row = lambda length: tuple(1 + (number * 999 + at) % 30000 for at in range(length))
    words = tuple((0, at) for at in range(1, text - 1))
    pieces = Pieces((row(text),), words)
    if fusion == "prefix":
        return Example(pieces, visual=Visual((visual,), torch.ones(visual).numpy().tobytes()))
    return Example(pieces, row(knowledge), 1.0)
examples = [example(number) for number in range(2 * settings.batch_size)]
torch.nn.Linear(8, 8)(torch.ones(1, 8)).sum().backward()  # what the libraries take for themselves
begin = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
def made():
    return TransformerLayers(BertModel(BertConfig(**sizes), add_pooling_layer=False))
encoder = made()
if settings.gradient_checkpointing:
    encoder.recompute()
peaks = []
class Kept(Points):  # writing a point copies the weights: the peak is read before it
    def write(self, *others):
        peaks.append(peak_memory())
frozen = None
if settings.freeze_knowledge:
    frozen = FrozenKnowledge(made())
    frozen.remember((one.knowledge for one in examples), "cpu", lambda done, of: None)
parts = Parts(fusion, settings.decoder, tag_names(TYPES), (visual,))
model = assembled(encoder, parts, settings.dropout)
model.fusion.frozen = frozen
with TemporaryDirectory() as folder:
    fit(model, examples, settings, 1, lambda _: {"f1": 1.0}, lambda _: None, Kept(Path(folder)))
print(peaks[0] - begin)
"""
"""Two updates of real training at full length, in a process that does nothing else; prints the growth of its memory."""


def measured(sizes: dict[str, object], training: TrainingSettings, pieces: PieceSettings, visual: int = 0) -> int:
    """Bytes by which the process grows."""
    lengths = pieces.text_pieces, pieces.knowledge_pieces
    given = json.dumps([sizes, training.model_dump(), pieces.fusion, *lengths, visual])
    # glibc keeps small blocks for later; here they go back to the system, so that what is measured is what is in use.
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-c", MEASURED, given]
    return int(subprocess.run(line, check=True, capture_output=True, text=True, env=environment).stdout)


def test_both_streams_make_a_gradient_of_the_embeddings() -> None:
    """Beside that of the parts before; in an encoder of many languages each is a quarter of the weights and more."""
    sizes = SIZES | {"vocab_size": 150_000, "num_hidden_layers": 2}
    training = TrainingSettings(micro_batch=1, batch_size=4, epochs=1)
    pieces = PieceSettings(text_pieces=32, knowledge_pieces=32)
    estimated = estimate(Plan(Shape.of(sizes, ""), training, pieces, TAGS), "cpu").peak
    assert estimated == pytest.approx(measured(sizes, training, pieces), rel=0.1)


@pytest.mark.parametrize(
    ("fusion", "settings"),
    [
        ("word", {}),
        ("word", {"gradient_checkpointing": True}),
        ("word", {"micro_batch": 4, "precision": "bfloat16"}),
        ("word", {"freeze_knowledge": True}),
        ("prefix", {}),
    ],
)
def test_estimate_is_within_a_fifth_of_the_measured_peak(fusion: str, settings: dict[str, object]) -> None:
    training = TrainingSettings.model_validate({**settings, "epochs": 1, "batch_size": 16})
    pieces = PieceSettings.model_validate({**LENGTHS, "fusion": fusion})
    grown = measured(SIZES, training, pieces, VISUAL)
    estimated = estimate(Plan(Shape.of(SIZES, ""), training, pieces, TAGS, (VISUAL,)), "cpu").peak
    assert estimated == pytest.approx(grown, rel=0.2), f"{estimated / 2**20:.0f} MiB, measured {grown / 2**20:.0f}"


AT_WORK = """
import json, resource, sys
from pathlib import Path
import torch
from transformers import BertConfig, BertModel
from mmavk_cli.base.records import TYPES
from mmavk_cli.base.device import peak_memory
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.build import Parts, assembled
from mmavk_cli.tagger.encoders.transformer_layers import TransformerLayers
from mmavk_cli.tagger.pieces import Pieces

sizes, posts, text, knowledge = json.loads(sys.argv[1])
def batch(posts):
    row = lambda length, post: tuple(1 + (999 * post + at) % 30000 for at in range(length))
    words = tuple((0, at) for at in range(1, text - 1))
    texts = [(Pieces((row(text, post),), words), row(knowledge, post)) for post in range(posts)]  # no two are the same
    return collate([Example(*both) for both in texts])
encoder = TransformerLayers(BertModel(BertConfig(**sizes), add_pooling_layer=False))
model = assembled(encoder, Parts("word", "crf", tag_names(TYPES)), 0.1).eval()
with torch.inference_mode():
    model.logits(batch(1))  # what the libraries take for themselves
    begin = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    model.logits(batch(posts))
print(peak_memory() - begin)
"""
"""One batch at full length; prints what it took beside the weights."""


@pytest.mark.parametrize("knowledge", [64, 256])
def test_the_estimate_at_work_is_within_a_fifth_of_the_measured_peak(knowledge: int) -> None:
    pieces = PieceSettings(text_pieces=128, knowledge_pieces=knowledge)
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-c", AT_WORK, json.dumps([SIZES, 16, pieces.text_pieces, knowledge])]
    done = subprocess.run(line, check=True, capture_output=True, text=True, env=environment)
    found = working(Shape.of(SIZES, ""), pieces, 16)
    assert found.peak - found.weights == pytest.approx(int(done.stdout), rel=0.2)


def test_the_parameters_of_the_papers_encoder_are_counted() -> None:
    import torch
    from transformers import AutoModel, XLMRobertaConfig

    for sizes in KNOWN.values():
        with torch.device("meta"):
            model = AutoModel.from_config(XLMRobertaConfig(**sizes), add_pooling_layer=False)
        assert Shape.of(sizes, "").parameters == sum(one.numel() for one in model.parameters())


FULL_SIZE = """
import torch
from transformers import XLMRobertaConfig, XLMRobertaModel
from mmavk_cli.base.records import TYPES, Span
from mmavk_cli.base.device import peak_memory
from mmavk_cli.spans import tag_names
from mmavk_cli.tagger.batch import Example, collate
from mmavk_cli.tagger.build import Parts, assembled
from mmavk_cli.tagger.encoders.shape import KNOWN
from mmavk_cli.tagger.encoders.transformer_layers import TransformerLayers
from mmavk_cli.tagger.pieces import Pieces
from mmavk_cli.tagger.settings import TrainingSettings
from mmavk_cli.tagger.training.trainer import parameter_groups

encoder = XLMRobertaModel(XLMRobertaConfig(**KNOWN["xlm-roberta-large"]), add_pooling_layer=False)
model = assembled(TransformerLayers(encoder), Parts("word", "crf", tag_names(TYPES)), 0.1)
gold = (Span(1, 3, "PER"),)
post = Example(Pieces(((0, 5, 6, 7, 2),), ((0, 1), (0, 2), (0, 3))), (0, 8, 9, 2), 1.0, gold)
optimizer = torch.optim.AdamW(parameter_groups(model, TrainingSettings(encoder_lr=5e-6, head_lr=1e-4)), fused=True)
watched = {name: one.detach().flatten()[:8].clone() for name, one in model.named_parameters()}
loss = model.train().losses(collate([post, post]))["decoder"]
loss.backward()
norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
optimizer.step()
moved = sum(not torch.equal(one.detach().flatten()[:8], watched[name]) for name, one in model.named_parameters())
print(sum(one.numel() for one in model.parameters()), loss.item(), norm.item(), moved, len(watched))
"""


def test_the_papers_encoder_in_full_size_takes_a_step() -> None:
    done = subprocess.run([sys.executable, "-c", FULL_SIZE], check=True, capture_output=True, text=True)
    numbers, loss, norm, moved, parameters = map(float, done.stdout.split())
    assert numbers > 560e6
    assert 0 < loss < 100
    assert 0 < norm < float("inf")
    assert moved > 0.9 * parameters  # not those that only other pieces or transitions would reach
