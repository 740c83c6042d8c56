"""train → eval → export → eval through the command line, with random weights: it proves plumbing, never quality."""

import json
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import mmavk_cli
from mmavk_cli.base.records import Post
from mmavk_cli.cli.main import app
from mmavk_cli.corpus.conll import read_conll

pytestmark = pytest.mark.slow
TOKENIZER = Path(mmavk_cli.__file__).parent / "embedded" / "tokenizer.json"


def mmavk(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def conll(posts: list[Post]) -> str:
    return "\n".join(
        f"IMGID:{post.image_id}\n"
        + "".join(f"{word.text}\t{tag}\n" for word, tag in zip(post.words, post.tags or (), strict=True))
        for post in posts
    )


@pytest.fixture(scope="module")
def place(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the first posts of Twitter-2015, its captions, and a tiny random encoder."""
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("train")
    for split, many in (("train", 96), ("valid", 24), ("test", 24)):
        posts = list(islice(read_conll(shared_data / "twitter2015" / f"{split}.txt"), many))
        (folder / "data" / "twitter2015").mkdir(parents=True, exist_ok=True)
        (folder / "data" / "twitter2015" / f"{split}.txt").write_text(conll(posts), "utf-8")
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(**sizes), add_pooling_layer=False).save_pretrained(folder / "tiny")
    shutil.copyfile(TOKENIZER, folder / "tiny" / "tokenizer.json")
    return folder


@pytest.fixture(scope="module")
def monkeymodule() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def run(place: Path, shared_data: Path, monkeymodule: pytest.MonkeyPatch) -> Path:
    """A trained run; nothing else was left in the working folder."""
    monkeymodule.chdir(place)
    captions = shared_data / "knowledge" / "blip2" / "twitter2015.txt"
    where = ("--data-dir", place / "data", "--store", place / "store")
    imported = mmavk("store", "import", "--dataset", "twitter2015", captions, *where)
    assert imported.exit_code == 0, imported.output
    # fmt: off
    trained = mmavk("train", "--dataset", "twitter2015", "--encoder", place / "tiny", "--knowledge", "blip2",
                    "--epochs", 2, "--knowledge-dropout", 0.3, "--encoder-lr", 0.003, "--head-lr", 0.01,
                    "--out", place / "run", *where)
    # fmt: on
    assert trained.exit_code == 0, trained.output
    assert {path.name for path in place.iterdir()} == {"data", "store", "tiny", "run"}
    return place / "run"


def test_a_run_folder_tells_all(run: Path) -> None:
    facts = json.loads((run / "run.json").read_text())
    assert facts["command"] == "train"
    assert facts["settings"]["epochs"] == 2
    assert facts["data"].keys() == {"twitter2015/train", "twitter2015/valid"}
    assert (facts["device"], len(facts["recipes"])) == ("cpu", 1)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines if "eval_f1" in line] == [1, 2]
    scores = json.loads((run / "scores.json").read_text())
    assert {"f1", "epoch", "f1_twitter2015_own"} == scores.keys()
    model = run / "model"
    names = {path.relative_to(model).as_posix() for path in model.rglob("*") if path.is_file()}
    assert names == {
        "tagger.json",
        "head.safetensors",
        "tokenizer.json",
        "encoder/config.json",
        "encoder/model.safetensors",
    }


def test_the_kept_model_scores_on_validation_what_the_run_says(run: Path, place: Path) -> None:
    asked = ("--dataset", "twitter2015", "--split", "valid", "--knowledge", "blip2", "--format", "json")
    where = ("--data-dir", place / "data", "--store", place / "store")
    result = mmavk("eval", run, *asked, *where, "--out", place / "scored")
    assert result.exit_code == 0, result.output
    scores = json.loads(result.stdout)
    assert (
        round(scores["strict"]["overall"]["f1"], 2)
        == json.loads((run / "scores.json").read_text())["f1_twitter2015_own"]
    )
    assert scores["with_knowledge"] == scores["posts"] == 24
    assert json.loads((place / "scored" / "scores.json").read_text()) == scores


def test_the_exported_tagger_gives_the_same_emissions(run: Path, place: Path) -> None:
    from mmavk_cli.flows.shared.models import open_model
    from mmavk_cli.tagger.batch import Example, collate

    assert mmavk("export", run, "--no-int8", "--out", place / "float").exit_code == 0
    done = mmavk("export", run, "--out", place / "int8", "--model-name", "mine", "--threshold", 0.2, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["bytes"]["encoder.onnx"] > 0
    torch_model, config = open_model(str(run))
    floats, _ = open_model(str(place / "float"))
    small, named = open_model(str(place / "int8"))
    assert (named.name, named.gate["threshold"]) == ("mine", 0.2)
    assert named.tags == config.tags
    posts = list(read_conll(place / "data" / "twitter2015" / "test.txt"))
    cutter = torch_model.cutter
    examples = [Example(cutter.post(post.words), cutter.knowledge("a sign"), 0.5) for post in posts]
    batch = collate(examples)
    exact = torch_model.model.logits(batch)
    np.testing.assert_allclose(floats.model.logits(batch)[batch.word_mask], exact[batch.word_mask], atol=1e-4)
    alone = [small.model.logits(collate([example]))[0] for example in examples]
    together = small.model.logits(batch)
    for row, one in enumerate(alone):  # no post sees another's numbers
        np.testing.assert_allclose(together[row, : len(one)], one, atol=1e-5)
    close = small.model.logits(batch).argmax(-1) == exact.argmax(-1)
    assert close[batch.word_mask].mean() > 0.9


def test_training_again_gives_the_same_weights(run: Path, place: Path, shared_data: Path) -> None:  # noqa: ARG001
    settings = json.loads((run / "run.json").read_text())["settings"]
    # fmt: off
    again = mmavk("train", "--dataset", "twitter2015", "--encoder", place / "tiny", "--knowledge", "blip2",
                  "--epochs", 2, "--knowledge-dropout", settings["knowledge_dropout"], "--encoder-lr", 0.003,
                  "--head-lr", 0.01, "--quiet", "--out", place / "again",
                  "--data-dir", place / "data", "--store", place / "store")
    # fmt: on
    assert again.exit_code == 0, again.output
    assert again.stderr == ""
    first, second = ((folder / "model" / "head.safetensors").read_bytes() for folder in (run, place / "again"))
    assert first == second


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["train", "--dataset", "nowhere", "--out", "x"], 3, "no data set 'nowhere'"),
        (["train", "--dataset", "twitter2015", "--encoder", "nothing", "--out", "{place}/x"], 5, "hf download nothing"),
        (
            ["train", "--dataset", "twitter2015", "--knowledge", "blipp", "--out", "{place}/x"],
            4,
            "Did you mean 'blip2'",
        ),
        (["train", "--dataset", "twitter2015", "--out", "{place}/run"], 3, "already exists"),
        (["train", "--recipe", "nothing", "--out", "{place}/x"], 2, "no recipe 'nothing'"),
        (["train", "--dataset", "twitter2015", "--epochs", "0", "--warmup", "2", "--out", "x"], 2, "--epochs: "),
        (["eval", "nothing", "--dataset", "twitter2015"], 5, "no checkpoint here"),
        (["eval", "{place}/broken", "--dataset", "twitter2015"], 5, "the checkpoint is broken"),
        (["eval", "{place}/cut", "--dataset", "twitter2015"], 5, "cannot read the head"),
        (["export", "nothing", "--out", "{place}/x"], 5, "no checkpoint here"),
    ],
)
def test_faults_are_told(run: Path, place: Path, words: list[str], code: int, text: str) -> None:
    for name in ("broken", "cut"):
        shutil.copytree(run / "model", place / name, dirs_exist_ok=True)
    (place / "broken" / "tagger.json").write_text("{}")
    (place / "cut" / "head.safetensors").write_bytes((run / "model" / "head.safetensors").read_bytes()[:1000])
    asked = [word.format(place=place) for word in words]
    where = ["--data-dir", place / "data", "--store", place / "store"] if asked[0] != "export" else []
    result = mmavk(*asked, *where)
    error = result.exception
    assert getattr(error, "code", None) == code, result.output
    assert text in str(error)
