"""Knowledge that a gate cannot judge, or lets nothing of through: the same in train, eval and tag, and told."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from drawn import draw
from ran import Mmavk, Ran

from mmavk_cli.similarity.gate import Gate
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.rows import image_subject
from mmavk_cli.store.store import Store

POSTS = {"train": 8, "valid": 4, "test": 4}
RECIPE = Recipe(name="made", generator="import")


def test_what_has_no_similarity_is_under_every_threshold():
    assert [Gate(0.3, 0.25).weight(one) for one in (None, float("nan"), 0.2, 0.4)] == [0.25, 0.25, 0.25, 1.0]
    assert [Gate(0.3, steepness=4.0, below=0.0).weight(None), Gate().weight(None)] == [0.0, 1.0]
    assert [Gate(0.3).opens(one) for one in (None, 0.2, 0.3)] == [False, False, True]
    assert Gate().opens(None)


@pytest.fixture
def place(tmp_path: Path, small_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set with pictures and texts about them, known by their ids."""
    monkeypatch.setenv("MMAVK_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MMAVK_HOME", str(tmp_path / "home"))
    (tmp_path / "encoder").symlink_to(small_encoder)
    folder, pictures = tmp_path / "data" / "tiny", tmp_path / "data" / "tiny_images"
    folder.mkdir(parents=True)
    pictures.mkdir()
    number = 0
    with Store(tmp_path / "home" / "store") as store:
        for split, many in POSTS.items():
            rows = []
            for _ in range(many):
                draw(pictures / f"{number}.jpg", number)
                store.put_knowledge(image_subject("tiny", str(number)), RECIPE, f"A sign, number {number}.")
                rows.append(f"IMGID:{number}\nAnn{number}\tB-PER\nvisits\tO\nRome\tB-LOC\n\n")
                number += 1
            (folder / f"{split}.txt").write_text("".join(rows), "utf-8")
    return tmp_path


def train(mmavk: Mmavk, place: Path, *more: object) -> Ran:
    asked = ("--epochs", 1, "--batch-size", 4, "--knowledge", "made", "--out", place / "run")
    return mmavk("train", "--dataset", "tiny", "--encoder", place / "encoder", *asked, *more)


def facts(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "run" / "run.json").read_text("utf-8"))
    return found


@pytest.mark.slow
def test_knowledge_without_a_similarity_is_gated_alike(mmavk: Mmavk, tiny_clip: Path, place: Path):
    clip = ("--scorer", "clip", "--clip", tiny_clip)
    assert mmavk("score", "--dataset", "tiny", "--clip", tiny_clip).code == 0
    for gone in (0, 1, 2, 12):  # three of train, one of test
        (place / "data" / "tiny_images" / f"{gone}.jpg").unlink()
    done = train(mmavk, place, *clip, "--threshold", "-1")
    assert done.code == 0, done.err
    assert facts(place)["counts"]["tiny/train"]["without_similarity"] == 3
    assert facts(place)["gate"] == {"threshold": -1.0, "let_through": 0.625}
    asked = ("eval", place / "run", "--dataset", "tiny", "--knowledge", "made", "--clip", tiny_clip)
    scored = mmavk(*asked, "--json", "--out", place / "scored")
    assert (scored.json["with_knowledge"], scored.json["without_similarity"]) == (3, 1)
    rows = [json.loads(line) for line in (place / "scored" / "predictions.test.jsonl").read_text("utf-8").splitlines()]
    assert [row["knowledge"]["weight"] for row in rows] == [0.0, 1.0, 1.0, 1.0]
    assert "the knowledge of 1 posts is gated: CLIP has not seen their pictures" in mmavk(*asked).err
    swept = mmavk("sweep", "--model", place / "run", "--dataset", "tiny", "--knowledge", "made", *clip, "--json")
    assert swept.code == 0, swept.err
    assert "1 posts have knowledge but no picture for CLIP: it is gated" in swept.out
    shutil.rmtree(place / "data" / "tiny_images")
    for refused in (mmavk(*asked), train(mmavk, place, *clip, "--threshold", "0.3", "--out", place / "other")):
        assert refused.code == 4
        assert "posts with knowledge has a picture here" in refused.err


@pytest.mark.slow
@pytest.mark.parametrize(("threshold", "told"), [("1", "of no training post"), ("none", "")])
def test_a_gate_that_lets_nothing_through_is_told_and_on_the_card(threshold: str, told: str, mmavk: Mmavk, place: Path):
    done = train(mmavk, place, "--threshold", threshold)
    assert done.code == 0, done.err
    card = (place / "run" / "README.md").read_text("utf-8")
    assert ("the gate lets the knowledge of no training post through (threshold 1); lower" in done.err) == bool(told)
    assert ("Its gate let the knowledge of no training post through" in card) == bool(told)
    assert facts(place)["gate"] == ({"threshold": 1.0, "let_through": 0.0} if told else {})


@pytest.mark.slow
def test_placeholders_of_generate_are_no_pictures_in_scores_and_facts(mmavk: Mmavk, place: Path):
    pictures = place / "data" / "tiny_images"
    for number in (4, 5, 12, 13):
        shutil.copyfile(pictures / "0.jpg", pictures / f"{number}.jpg")
    made = mmavk("generate", "--dataset", "tiny", "--generator", "echo", "--placeholder", "5", "--json")
    assert made.json["totals"]["placeholders"] == 1
    done = train(mmavk, place, "--knowledge", "echo")
    assert done.code == 0, done.err
    data = json.loads((place / "run" / "data.json").read_text("utf-8"))["splits"]
    assert [data[f"tiny/{split}"]["pictures"]["placeholder"] for split in ("train", "valid")] == [3, 0]
    scored = mmavk(
        "eval", place / "run", "--dataset", "tiny", "--knowledge", "echo", "--json", "--out", place / "scored"
    )
    groups = scored.json["groups"]["strict"]
    assert (groups["picture"]["gold"], groups["no picture"]["gold"]) == (4, 4)
    data = json.loads((place / "scored" / "data.json").read_text("utf-8"))["splits"]
    assert data["tiny/test"]["pictures"]["placeholder"] == 2
