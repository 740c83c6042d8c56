"""`mmavk sweep` as a user types it: the shipped tagger on the first posts of Twitter-2017."""

import json
from pathlib import Path

import pytest
from drawn import draw, lines
from PIL import Image
from ran import Mmavk

from mmavk_cli.corpus.conll import read_conll

POSTS = 40
SWEEP = ("sweep", "--model", "embedded", "--dataset", "twitter2017", "--knowledge", "blip2", "--format", "json")


@pytest.fixture
def place(shared_data: Path, mmavk: Mmavk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with some posts of the test split, and a store with captions."""
    folder = tmp_path / "data" / "twitter2017"
    folder.mkdir(parents=True)
    posts = (shared_data / "twitter2017" / "test.txt").read_text("utf-8").split("IMGID:")[1 : POSTS + 1]
    (folder / "test.txt").write_text("".join(f"IMGID:{post}" for post in posts), "utf-8")
    monkeypatch.setenv("MMAVK_DATA", str(tmp_path / "data"))
    captions = shared_data / "knowledge" / "blip2" / "twitter2017.txt"
    assert mmavk("store", "import", "--dataset", "twitter2017", captions, "--quiet").code == 0
    return tmp_path


@pytest.mark.slow
def test_every_threshold_scores_what_eval_scores_there(mmavk: Mmavk, place: Path):
    ran = mmavk(*SWEEP, "--thresholds", "0.2:0.6:0.2", "--out", place / "run")
    assert ran.code == 0
    assert ran.json["scorer"] == "text"
    assert "no CLIP" in ran.json["notes"][0]
    common = ("eval", "embedded", "--dataset", "twitter2017", "--knowledge", "blip2", "--format", "json")
    for point in ran.json["points"]:
        own = mmavk(*common, "--threshold", point["threshold"]).json
        assert point["scores"]["f1"]["mean"] == pytest.approx(own["strict"]["overall"]["f1"])
        assert point["gated"] == pytest.approx(own["gated"], abs=1e-4)
    assert ran.json["every"]["f1"]["mean"] == pytest.approx(
        mmavk(*common, "--threshold", "none").json["strict"]["overall"]["f1"]
    )
    assert json.loads((place / "run" / "sweep.json").read_text())["points"] == ran.json["points"]
    assert (place / "run" / "sweep.svg").is_file()
    with Image.open(place / "run" / "sweep.png") as image:
        assert image.size[0] > 500


def test_clips_similarities_gate_where_there_are_some(mmavk: Mmavk, place: Path, tiny_clip: Path):
    pictures = place / "data" / "twitter2017_images"
    pictures.mkdir()
    with_picture = list(read_conll(place / "data" / "twitter2017" / "test.txt"))[:30]
    for number, post in enumerate(with_picture):
        draw(pictures / f"{post.image_id}.jpg", number)
    assert mmavk(*SWEEP, "--scorer", "clip", "--clip", tiny_clip).code == 4
    clip = ("score", "--dataset", "twitter2017", "--clip", tiny_clip, "--out", place / "clip", "--format", "json")
    scorer = mmavk(*clip).json["scorer"]
    found = [row["similarity"] for row in lines(place / "clip" / "similarity.jsonl")]
    for choice in (tiny_clip, scorer):
        ran = mmavk(*SWEEP, "--clip", choice, "--thresholds", "-0.2:0.2:0.1")
        assert ran.json["scorer"] == scorer
        # what CLIP has not seen is gated at every threshold
        expected = [sum(one is None or one < cut for one in found) / POSTS for cut in (-0.2, -0.1, 0, 0.1, 0.2)]
        assert [point["gated"] for point in ran.json["points"]] == pytest.approx(expected)
        assert "10 posts have knowledge but no picture" in ran.json["notes"][0]
    assert mmavk(*SWEEP, "--clip", tiny_clip, "--scorer", "text").json["scorer"] == "text"


def test_table_names_what_gave_the_weights(mmavk: Mmavk, place: Path):
    out = mmavk(*SWEEP[:-2], "--thresholds", "0.1:0.2:0.1", "--below", 0.5, "--split", "test").out
    assert place.is_dir()
    assert "similarity by the text scorer, not CLIP; knowledge under the threshold counts 0.5" in out
    assert "threshold" in out.splitlines()[1]


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (("--thresholds", "0.4:0.2:0.01"), 2, "not a range"),
        (("--thresholds", "a"), 2, "not a range"),
        (("--knowledge", "blip3"), 4, "blip2"),
        (("--model", "nowhere"), 5, "nowhere"),
        (("--split", "valid"), 3, "no valid split"),
        (("--scorer", "clip"), 4, "no scores by CLIP"),
    ],
)
def test_command_lines_that_cannot_be(more: tuple[str, ...], code: int, words: str, mmavk: Mmavk, place: Path):
    assert place.is_dir()
    ran = mmavk(*SWEEP, *more)
    assert (ran.code, words in ran.err) == (code, True), ran.err
