"""A fusion, a decoder and an encoder that ship with nobody, a file and a line each, go through every command."""

import json
import os
import signal
from pathlib import Path

import pytest
from made_posts import made_posts
from ran import Mmavk, Ran
from toy_decoder import ToyDecoder
from toy_encoder import ToyEncoder
from toy_fusion import ToyFusion

from mmavk_cli.base.files import unfinished_folder
from mmavk_cli.tagger.decoders.registry import DECODERS
from mmavk_cli.tagger.encoders.registry import ENCODERS
from mmavk_cli.tagger.fusions.registry import FUSIONS
from mmavk_cli.tagger.training.trainer import Training

POSTS = {"train": 40, "valid": 12, "test": 16}
SEEN = "My Lumo Pad broke at Lake Run"
TOYS = {
    "fusion": ("--fusion", "toy"),
    "decoder": ("--decoder", "toy"),
    "encoder": ("--encoder-kind", "toy"),
    "all": ("--fusion", "toy", "--decoder", "toy", "--encoder-kind", "toy"),
}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The three, for one test."""
    for registry in (FUSIONS, DECODERS, ENCODERS):
        for table in ("_parts", "_meanings"):
            monkeypatch.setattr(registry, table, dict(getattr(registry, table)))
    FUSIONS.register("toy", ToyFusion, "a toy")
    DECODERS.register("toy", ToyDecoder, "a toy")
    ENCODERS.register("toy", ToyEncoder, "a toy")


@pytest.fixture(scope="session")
def toy_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data, captions for every second post, and a list of words for the toy encoder."""
    folder = tmp_path_factory.mktemp("toys")
    (folder / "data" / "made").mkdir(parents=True)
    captions, words = [], set()
    for seed, (split, many) in enumerate(POSTS.items()):
        text = made_posts(many, seed)
        (folder / "data" / "made" / f"{split}.txt").write_text(text)
        words |= {line.split("\t")[0].lower() for line in text.splitlines() if "\t" in line}
        captions += [f"{seed}_{number}.jpg :a picture of number {number}\n" for number in range(0, many, 2)]
    (folder / "captions.txt").write_text("".join(captions))
    (folder / "list").mkdir()
    (folder / "list" / "words.txt").write_text("\n".join(sorted(words)))
    return folder


@pytest.fixture
def commands(toy_place: Path, small_encoder: Path, mmavk: Mmavk, tmp_path: Path, toys: str) -> "Commands":
    place = ("--data-dir", toy_place / "data", "--store", tmp_path / "store")
    done = mmavk("store", "import", toy_place / "captions.txt", "--dataset", "made", *place, "--knowledge-name", "said")
    assert done.code == 0, done.err
    encoder = toy_place / "list" if "--encoder-kind" in TOYS[toys] else small_encoder
    return Commands(mmavk, place, (*TOYS[toys], "--encoder", encoder), tmp_path)


class Commands:
    """Command lines about a model of one choice of parts."""

    def __init__(self, mmavk: Mmavk, place: tuple[object, ...], parts: tuple[object, ...], folder: Path) -> None:
        self.mmavk, self.place, self.parts, self.folder = mmavk, place, parts, folder

    def train(self, out: str, *more: object, code: int = 0) -> Ran:
        usual = ("--epochs", 4, "--batch-size", 4, "--encoder-lr", 0.01, "--head-lr", 0.03, "--knowledge", "said")
        words = ("train", "--dataset", "made", "--out", self.folder / out, *usual, *self.parts, *self.place, *more)
        done = self.mmavk(*words)
        assert done.code == code, done.err
        return done

    def scores(self, model: str) -> dict[str, object]:
        words = ("eval", self.folder / model, "--dataset", "made", *self.place, "--format", "json")
        done = self.mmavk(*words)
        assert done.code == 0, done.err
        return done.json["strict"]

    def entities(self, model: str) -> list[dict[str, object]]:
        done = self.mmavk("tag", "--model", self.folder / model, "--format", "jsonl", "--text", SEEN)
        assert done.code == 0, done.err
        return [{name: value for name, value in one.items() if name != "score"} for one in done.json["entities"]]


@pytest.mark.parametrize("toys", TOYS)
def test_from_training_to_tags(commands: Commands, toys: str) -> None:
    counted = commands.train("dry", "--dry-run", "--format", "json").json
    assert counted["parameters"] > 0
    assert not (commands.folder / "dry").exists()
    commands.train("run")
    said = json.loads((commands.folder / "run" / "model" / "tagger.json").read_text())
    chosen = {"fusion": said["pieces"]["fusion"], "decoder": said["decoder"], "encoder": said["encoder_kind"]}
    assert {part for part, name in chosen.items() if name == "toy"} == ({toys} if toys != "all" else set(chosen))
    assert commands.scores("run").keys() == {"overall", "PRODUCT", "EVENT"}
    assert {one["type"] for one in commands.entities("run")} <= {"PRODUCT", "EVENT"}
    done = commands.mmavk("export", commands.folder / "run", "--no-int8", "--out", commands.folder / "out")
    assert done.code == 0, done.err
    assert commands.scores("out") == commands.scores("run")
    assert commands.entities("out") == commands.entities("run")


@pytest.mark.parametrize("toys", ["encoder"])
def test_an_upload_has_what_the_encoder_cuts_with(commands: Commands) -> None:
    commands.train("run", "--epochs", 1)
    done = commands.mmavk("push", commands.folder / "run", "somebody/toy")
    assert done.code == 0, done.err
    assert "words.txt" in done.out


@pytest.mark.parametrize("toys", ["all"])
def test_the_toys_learn(commands: Commands) -> None:
    """Names that are in the list of words are found: what goes in comes out where it belongs."""
    commands.train("run", "--epochs", 20, "--encoder-lr", 0.03)
    found = [(one["text"], one["type"]) for one in commands.entities("run")]
    assert found == [("Lumo Pad", "PRODUCT"), ("Lake Run", "EVENT")]


@pytest.mark.parametrize("toys", ["all"])
def test_an_interrupted_training_is_resumed(
    commands: Commands,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = Training.training_step

    def interrupted(self: Training, *inputs: object) -> object:
        if self.state.global_step == 15:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, *inputs)

    commands.train("whole")
    with monkeypatch.context() as patch:
        patch.setattr(Training, "training_step", interrupted)
        commands.train("run", code=130)
    assert [one.name for one in unfinished_folder(commands.folder / "run").glob("point-*")] == ["point-10"]
    assert "resumed" in commands.train("run", "--resume").err
    weights = [
        {one.name: one.read_bytes() for one in (commands.folder / run).rglob("*.safetensors")}
        for run in ("whole", "run")
    ]
    assert weights[0] == weights[1]


@pytest.mark.parametrize("toys", ["all"])
@pytest.mark.parametrize(
    ("part", "called"), [(ToyFusion, "fusion toy"), (ToyDecoder, "decoder toy"), (ToyEncoder, "encoder kind toy")]
)
def test_an_export_is_refused_with_the_part_that_cannot(
    commands: Commands,
    part: type,
    called: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands.train("run", "--epochs", 1)
    monkeypatch.setattr(part, "onnx", False)
    done = commands.mmavk("export", commands.folder / "run", "--out", commands.folder / "out")
    assert done.code == 2
    assert f"a tagger with the {called} has no ONNX form" in done.err
