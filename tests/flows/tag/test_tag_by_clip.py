"""generate → score → train → eval → tag with tiny random models, in turn: it proves plumbing, never quality."""

import gc
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from generate_tools import noise
from ran import Mmavk

from mmavk_cli.base.images import read_picture
from mmavk_cli.base.one_large_model import ExclusiveModel
from mmavk_cli.flows.shared.models import folder_of
from mmavk_cli.flows.tag import rows as tag_rows
from mmavk_cli.flows.tag import stages as tag_stages
from mmavk_cli.knowledge.generators.vlm.qwen2vl import QwenGenerator
from mmavk_cli.similarity.gate import Gate
from mmavk_cli.similarity.text_scorer import TextScorer
from mmavk_cli.store.store import Store
from mmavk_cli.tagger.inference.predictor import Predictor

POSTS = {"train": 8, "valid": 2, "test": 2}
TEXT = "Ann0 visits Rome"

PROBE = """
import sys
from mmavk_cli.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


@dataclass(frozen=True)
class Chain:
    """A data set with pictures, and the flags that name tiny models."""

    folder: Path
    encoder: Path
    vlm: tuple[str | Path, ...]
    clip: tuple[str | Path, ...]

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def store(self) -> Path:
        return self.folder / "home" / "store"


def qwen(tiny: Path) -> tuple[str | Path, ...]:
    """The flags that name a tiny Qwen2-VL."""
    return "--vlm", tiny, "--max-new-tokens", "12"


@pytest.fixture
def chain(tmp_path: Path, tiny: Path, tiny_clip: Path, small_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A data set with pictures, a home of its own."""
    folder, pictures = tmp_path / "data" / "tiny", tmp_path / "data" / "tiny_images"
    folder.mkdir(parents=True)
    pictures.mkdir()
    number = 0
    for split, many in POSTS.items():
        rows = []
        for _ in range(many):
            noise(56, 56, number).save(pictures / f"{number}.jpg", "JPEG")
            rows.append(f"IMGID:{number}\nAnn{number}\tB-PER\nvisits\tO\nRome\tB-LOC\n\n")
            number += 1
        (folder / f"{split}.txt").write_text("".join(rows), "utf-8")
    monkeypatch.setenv("MMAVK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MMAVK_HOME", str(tmp_path / "home"))
    return Chain(tmp_path, small_encoder, (*qwen(tiny), "--device", "cpu"), ("--clip", tiny_clip))


def done(mmavk: Mmavk, *arguments: str | Path) -> str:
    """What a command printed that went well."""
    ran = mmavk(*arguments)
    assert ran.code == 0, ran.err
    return ran.out


def trained(mmavk: Mmavk, chain: Chain) -> Gate:
    """The chain up to a model in `chain.run`; returns its gate."""
    made = mmavk("generate", "--dataset", "tiny", "--generator", "qwen2vl", *chain.vlm)
    assert (made.code, ", 0 failed" in made.err) == (3, True), made.err  # random weights never end a text
    assert not ExclusiveModel.loaded()
    done(mmavk, "score", "--dataset", "tiny", *chain.clip)
    knowledge = ("--knowledge", "qwen2vl", "--scorer", "clip", *chain.clip)
    encoder = ("--encoder", chain.encoder, "--epochs", "1", "--batch-size", "4")
    gate = ("--threshold", "quantile:0.5", "--below", "0.25", "--ramp", "0.01")
    done(mmavk, "train", "--dataset", "tiny", *encoder, *knowledge, *gate, "--out", chain.run)
    scored = json.loads(
        done(mmavk, "eval", chain.run, "--dataset", "tiny", "--format", "json", "--knowledge", "qwen2vl", *chain.clip)
    )
    assert scored["with_knowledge"] == POSTS["test"]
    return Gate(**json.loads((chain.run / "model" / "tagger.json").read_text("utf-8"))["gate"])


def loaded_by(*arguments: str | Path, code: int = 0) -> tuple[list[dict[str, Any]], set[str]]:
    """The records of a run in a process of its own, and the modules it had loaded when it ended."""
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, *map(str, arguments)], check=False, capture_output=True, text=True
    )
    assert ran.returncode == code, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()], set(ran.stderr.splitlines()[-1].split())


@pytest.mark.slow
def test_a_post_is_tagged_as_the_chain_trained(mmavk: Mmavk, chain: Chain):
    gate = trained(mmavk, chain)
    post = chain.folder / "tweet.txt"
    post.write_text(TEXT, "utf-8")
    fresh = chain.folder / "new.png"
    noise(84, 56, 99).save(fresh)
    asked = ("tag", post, "--profile", "24gb", "--model", chain.run, *chain.vlm, *chain.clip, "--image")
    for picture in (chain.folder / "data" / "tiny_images" / "0.jpg", fresh):
        knowledge = json.loads(done(mmavk, *asked, picture, "--format", "jsonl"))["knowledge"]
        with Store(chain.store, read_only=True) as store:
            digest = read_picture(picture).digest
            kept = store.get_knowledge(digest, store.resolve("qwen2vl").id)
            assert kept is not None
            assert knowledge["text"] == kept.text
            assert knowledge["recipe"] == kept.recipe
            similarity = store.get_similarity(digest, TEXT, knowledge["scorer"])
            names = {one.id: one.name for one in store.recipes()}
        assert similarity is not None
        assert knowledge["similarity"] == pytest.approx(similarity, abs=1e-4)
        assert knowledge["weight"] == pytest.approx(gate.weight(similarity))
        assert f"by {names[knowledge['scorer']]}, weight" in " ".join(
            done(mmavk, *asked, picture, "--format", "table").split()
        )
    empty = (
        "--store",
        chain.folder / "empty",
        "--format",
        "jsonl",
    )  # CLIP, Qwen2-VL, CLIP, each after the last is freed
    assert json.loads(done(mmavk, *asked, fresh, *empty))["knowledge"] == knowledge
    assert not ExclusiveModel.loaded()
    (again,), modules = loaded_by(*asked, fresh, "--format", "jsonl")
    assert again["knowledge"] == knowledge
    assert {name for name in modules if "modeling_qwen2_vl" in name or name.partition(".")[0] == "open_clip"} == set()
    assert "transformers.models.bert.modeling_bert" in modules
    other = mmavk(*asked, fresh, "--scorer", "text")  # the gate is CLIP's
    assert (other.code, "another scorer" in other.err) == (4, True)
    recast = mmavk(*asked, fresh, "--clip-precision", "float16")  # another id, so other scores
    assert (recast.code, "another scorer" in recast.err) == (4, True)


def test_the_profile_needs_a_model(mmavk: Mmavk):
    ran = mmavk("tag", "--text", TEXT, "--profile", "24gb")
    assert ran.code == 2
    assert "mmavk train" in ran.err
    assert "--model RUN" in ran.err


EMBEDDED_BY_CLIP = ("--generator", "echo", "--scorer", "clip", "--format", "jsonl")


def test_the_text_scorer_s_threshold_is_not_put_to_clip_s_scores(mmavk: Mmavk, tmp_path: Path, tiny_clip: Path):
    noise(56, 56, 1).save(tmp_path / "a.png")
    asked = ("tag", "--text", TEXT, "--image", tmp_path / "a.png", *EMBEDDED_BY_CLIP, "--clip", tiny_clip)
    ran = mmavk(*asked)
    assert (ran.code, "--threshold" in ran.err) == (4, True)
    knowledge = json.loads(done(mmavk, *asked, "--threshold", "none"))["knowledge"]
    assert knowledge["weight"] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("kept", [10_000, 2])
def test_rows_come_in_order_and_a_bad_picture_costs_its_own_post(
    kept: int, mmavk: Mmavk, tmp_path: Path, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tag_stages, "STAGED", kept)
    monkeypatch.setenv("MMAVK_HOME", str(tmp_path / "home"))
    noise(56, 56, 1).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    posts = [{"id": "1", "image": "good.png"}, {"id": "2"}, {"id": "3", "image": "bad.png"}, {"id": "4", "image": "no"}]
    lines = [json.dumps(one | {"text": f"{TEXT} {one['id']}"}) for one in posts]
    (tmp_path / "posts.jsonl").write_text("\n".join([*lines[:3], "{", lines[3], lines[0]]), "utf-8")
    ran = mmavk(
        "tag", tmp_path / "posts.jsonl", *EMBEDDED_BY_CLIP, "--clip", tiny_clip, "--threshold", "0", "--below", "0.5"
    )
    assert ran.code == 3
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert [row["id"] for row in rows if "error" not in row] == ["1", "2", "3", "4", "1"]
    assert "error" in rows[3]
    good, without, bad, missing, again = (row for row in rows if "error" not in row)
    assert good == again
    assert good["knowledge"]["weight"] == (1.0 if good["knowledge"]["similarity"] >= 0 else 0.5)
    assert without["notes"] == ["no picture"]
    assert [bad["knowledge"], missing["knowledge"]] == [None, None]
    assert bad["problem"]["where"].endswith("bad.png")
    assert missing["problem"]["what"] == "no such picture"


@pytest.mark.slow
def test_the_tagger_is_freed_before_the_next_posts_pictures_are_looked_at(
    mmavk: Mmavk, tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MMAVK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tag_stages, "STAGED", 1)
    monkeypatch.setattr(tag_rows, "READ_AHEAD", 1)
    gc.collect()  # what other tests left behind is not beside it
    beside: list[list[Predictor]] = []
    write = QwenGenerator.write

    def watched(own: QwenGenerator, views: Any) -> Any:
        beside.append([one for one in gc.get_objects() if type(one) is Predictor])
        return write(own, views)

    monkeypatch.setattr(QwenGenerator, "write", watched)
    rows = []
    for number in range(3):
        noise(56, 56, number).save(tmp_path / f"{number}.png")
        rows.append(json.dumps({"id": str(number), "text": TEXT, "image": f"{number}.png"}))
    (tmp_path / "posts.jsonl").write_text("\n".join(rows), "utf-8")
    asked = ("tag", tmp_path / "posts.jsonl", "--generator", "qwen2vl", *qwen(tiny), "--device", "cpu")
    out = done(mmavk, *asked, "--scorer", "text", "--format", "jsonl")
    assert [json.loads(row)["id"] for row in out.splitlines()] == ["0", "1", "2"]
    assert beside == [[], [], []]


@pytest.mark.slow
def test_a_large_generator_ends_before_names_are_looked_for_also_without_clip(
    mmavk: Mmavk, tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
):
    """Qwen2-VL with the text scorer and the tagger that ships: pictures in batches, then freed, then names."""
    monkeypatch.setenv("MMAVK_HOME", str(tmp_path / "home"))
    events: list[str | int] = []
    write, load = QwenGenerator.write, tag_rows.open_model
    monkeypatch.setattr(QwenGenerator, "write", lambda own, views: (events.append(len(views)), write(own, views))[1])
    monkeypatch.setattr(
        tag_rows, "open_model", lambda *of: (events.append(f"names, loaded: {ExclusiveModel.loaded()}"), load(*of))[1]
    )
    (tmp_path / "bad.png").write_bytes(b"no picture")
    for number in range(3):
        noise(56, 56, number).save(tmp_path / f"{number}.png")
    pictures = ["0.png", "1.png", None, "bad.png", "2.png", "0.png"]
    rows = [{"id": str(at), "text": f"{TEXT} {at}", "image": one} for at, one in enumerate(pictures)]
    (tmp_path / "posts.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    asked = ("tag", tmp_path / "posts.jsonl", "--generator", "qwen2vl", *qwen(tiny), "--device", "cpu")
    ran = mmavk(*asked, "--scorer", "text", "--format", "jsonl")
    assert ran.code == 3
    assert events == [3, "names, loaded: False"]
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [row["id"] for row in found] == ["0", "1", "2", "3", "4", "5"]
    assert found[0]["knowledge"]["text"] == found[5]["knowledge"]["text"] != found[1]["knowledge"]["text"]
    assert [bool(row["knowledge"]) for row in found] == [True, True, False, False, True, True]
    gate = Gate(**json.loads((folder_of("embedded") / "tagger.json").read_text("utf-8"))["gate"])
    for row in found:
        if row["knowledge"]:
            similarity = TextScorer.load(folder_of("embedded")).score([row["text"]], [row["knowledge"]["text"]])[0]
            assert row["knowledge"]["similarity"] == pytest.approx(similarity, abs=1e-4)
            assert row["knowledge"]["weight"] == gate.weight(similarity)
    again, modules = loaded_by(*asked[:2], "--generator", "qwen2vl", *qwen(tiny), "--device", "cpu", code=3)
    assert again == found
    assert not [name for name in modules if "modeling_qwen2_vl" in name]
