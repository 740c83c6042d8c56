"""score → train → eval → sweep with CLIP, tiny and random: it proves plumbing, never quality."""

import json
from pathlib import Path
from typing import Any

import pytest
from drawn import draw, lines, written
from ran import Mmavk

from mmavk_cli.similarity.gate import Gate

pytestmark = pytest.mark.slow
POSTS = {"train": 12, "valid": 4, "test": 4}


@pytest.fixture
def chain(tmp_path: Path, small_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a data set and its pictures, and the tiny encoder."""
    (tmp_path / "encoder").symlink_to(small_encoder)
    folder, pictures = tmp_path / "data" / "tiny", tmp_path / "data" / "tiny_images"
    folder.mkdir(parents=True)
    pictures.mkdir()
    number = 0
    for split, many in POSTS.items():
        rows = []
        for _ in range(many):
            draw(pictures / f"{number}.jpg", number)
            rows.append(f"IMGID:{number}\nAnn{number}\tB-PER\nvisits\tO\nRome\tB-LOC\n\n")
            number += 1
        (folder / f"{split}.txt").write_text("".join(rows), "utf-8")
    monkeypatch.setenv("MMAVK_DATA", str(tmp_path / "data"))
    return tmp_path


def trained(mmavk: Mmavk, chain: Path, *more: object) -> Path:
    rates = ("--epochs", 2, "--batch-size", 4, "--encoder-lr", 0.003, "--head-lr", 0.03)
    ran = mmavk("train", "--dataset", "tiny", "--encoder", chain / "encoder", *rates, *more, "--out", chain / "run")
    assert ran.code == 0, ran.err
    return chain / "run"


def test_pictures_as_prefixes(mmavk: Mmavk, tiny_clip: Path, chain: Path) -> None:
    clip = ("--clip", tiny_clip)
    before = mmavk(
        "train", "--dataset", "tiny", "--encoder", chain / "encoder", "--fusion", "prefix", *clip, "--out", "x"
    )
    assert (before.code, "mmavk score" in before.err) == (4, True)
    assert mmavk("score", "--dataset", "tiny", *clip).code == 0
    run = trained(mmavk, chain, "--fusion", "prefix", *clip)
    assert json.loads((run / "run.json").read_text())["counts"]["tiny/train"]["with_knowledge"] == POSTS["train"]
    scored = mmavk("eval", run, "--dataset", "tiny", "--format", "json", *clip)
    assert scored.json["with_knowledge"] == POSTS["test"], scored.err
    assert scored.json["knowledge"] == "pictures (own)"
    tested = mmavk("eval", run, "--dataset", "tiny", "--format", "json", "--picture-test", *clip)
    assert tested.json["picture_test"].keys() == {"shuffled", "blank"}
    cut = mmavk("eval", run, "--dataset", "tiny", "--format", "json", "--threshold", 1, *clip)
    assert cut.json["with_knowledge"] == 0  # by CLIP's word, and no text scorer's, of which a picture has none
    assert mmavk("generate", "--dataset", "tiny", "--generator", "echo").code == 0
    swept = mmavk("sweep", "--model", run, "--dataset", "tiny", "--knowledge", "echo", *clip)
    assert (swept.code, "reads no knowledge" in swept.err) == (2, True)
    refused = mmavk("export", run, "--out", chain / "onnx")
    assert (refused.code, "prefix" in refused.err) == (2, True)


def test_what_a_run_with_pictures_read_is_called_the_same_everywhere(
    mmavk: Mmavk, tiny_clip: Path, chain: Path
) -> None:
    clip = ("--clip", tiny_clip)
    assert mmavk("score", "--dataset", "tiny", *clip).code == 0
    run, out = trained(mmavk, chain, "--fusion", "prefix", *clip), chain / "scored"
    assert mmavk("eval", run, "--dataset", "tiny", *clip, "--out", out).code == 0
    compared = mmavk("compare", out, out, "--format", "json")
    assert [one["knowledge"] for one in compared.json["runs"]] == ["pictures (own)"] * 2
    assert "### tiny test, knowledge: pictures (own)\n" in (out / "README.md").read_text()
    card = (run / "README.md").read_text()
    assert "| knowledge it was trained with | `pictures` |" in card
    assert "Whether the picture helps this model" in card
    assert "written by another model" not in card  # the texts, of which it reads none


def test_the_row_of_pictures_in_table_4(mmavk: Mmavk, tiny_clip: Path, chain: Path) -> None:
    for words in (("generate", "--generator", "echo"), ("score", "--clip", tiny_clip)):
        assert mmavk(*words, "--dataset", "tiny").code == 0
    grid = ("--knowledge", "echo", "--only", "prefix,word", "--clip", tiny_clip, "--out", chain / "grid")
    quick = ("--encoder", chain / "encoder", "--epochs", 1, "--encoder-lr", 0.003, "--head-lr", 0.03)
    ran = mmavk("reproduce", "table4", "--dataset", "tiny", "--threshold", "0.9", *grid, *quick)
    assert ran.code == 0, ran.err
    facts = json.loads((chain / "grid/table4/tiny/prefix/seed-1/train/model/tagger.json").read_text())["trained"]
    assert (facts["knowledge"], facts["scorer"]) == (None, "clip")
    assert len(facts["recipes"]) == 1
    assert "T+I minus word" in ran.out


def test_a_post_is_tagged_with_pictures_as_prefixes(mmavk: Mmavk, tiny_clip: Path, chain: Path) -> None:
    clip = ("--clip", tiny_clip)
    assert mmavk("score", "--dataset", "tiny", *clip).code == 0
    run = trained(mmavk, chain, "--fusion", "prefix", *clip)
    out = chain / "scored"
    assert mmavk("eval", run, "--dataset", "tiny", *clip, "--out", out).code == 0
    known = lines(out / "predictions.test.jsonl")
    pictures = chain / "data" / "tiny_images"
    (chain / "bad.jpg").write_bytes(b"no picture")
    posts = [{"id": row["id"], "text": row["text"], "image": str(pictures / f"{row['id']}.jpg")} for row in known]
    posts += [posts[0] | {"id": "bad", "image": "bad.jpg"}, posts[0] | {"id": "none", "image": None}]
    asked = ("tag", written(chain / "posts.jsonl", posts), "--model", run)
    ran = mmavk(*asked, *clip, "--store", chain / "fresh", "--format", "jsonl")
    assert ran.code == 3
    *found, bad, none = [json.loads(line) for line in ran.out.splitlines()]
    for row, expected in zip(found, known, strict=True):  # to the last digit, so the same features were read
        assert row["entities"] == expected["entities"]
        assert (row["knowledge"]["text"], row["knowledge"]["weight"]) == ("", 1.0)
        assert row["knowledge"]["recipe"] == expected["knowledge"]["recipe"] == row["knowledge"]["scorer"]
    assert bad["problem"]["where"].endswith("bad.jpg")
    assert [bad["notes"], none["notes"]] == [["tagged without its picture"], ["no picture"]]
    assert bad["entities"] == none["entities"] != found[0]["entities"]
    blind = mmavk(*asked, *clip, "--no-image", "--format", "jsonl")
    assert [json.loads(line)["knowledge"] for line in blind.out.splitlines()] == [None] * len(posts)
    table = mmavk(*asked, *clip, "--format", "table").out
    assert "Picture: seen by the model itself (similarity" in table
    for more, code, what in (
        (("--store", chain / "empty"), 5, "hf download"),  # CLIP's own weights, which no machine of tests has
        ((*clip, "--clip-precision", "float16"), 4, "another CLIP's features"),
        ((*clip, "--scorer", "text"), 2, "no text to compare"),
        ((*clip, "--generator", "echo"), 2, "reads no text"),
    ):
        refused = mmavk(*asked, *more)
        assert (refused.code, what in refused.err) == (code, True), refused.err


def test_a_threshold_by_clip_for_pictures_as_prefixes(mmavk: Mmavk, tiny_clip: Path, chain: Path) -> None:
    """Training, evaluation and tagging weigh alike, and a picture of weight 0 is not read."""
    clip = ("--clip", tiny_clip)
    assert mmavk("score", "--dataset", "tiny", *clip).code == 0
    prefix = ("--fusion", "prefix", *clip)
    run = trained(mmavk, chain, *prefix, "--threshold", "quantile:0.5")
    facts = json.loads((run / "model" / "tagger.json").read_text())
    gate = Gate(**facts["gate"])
    assert facts["trained"]["scorer"] == "clip"
    assert json.loads((run / "run.json").read_text())["counts"]["tiny/train"]["gated"] == 0.5

    def scored(name: str, *more: object) -> list[dict[str, Any]]:
        ran = mmavk("eval", run, "--dataset", "tiny", *clip, *more, "--out", chain / name)
        assert ran.code == 0, ran.err
        return lines(chain / name / "predictions.test.jsonl")

    gated, every, blank = scored("gated"), scored("every", "--threshold", "none"), scored("blank", "--pairing", "blank")
    for row, seen, unseen in zip(gated, every, blank, strict=True):
        weight = row["knowledge"]["weight"]
        assert weight == gate.weight(row["knowledge"]["similarity"])
        assert row["entities"] == (seen if weight else unseen)["entities"]
        assert (seen["knowledge"]["weight"], unseen["knowledge"]) == (1.0, None)
        assert seen["entities"] != unseen["entities"]
    assert {row["knowledge"]["weight"] for row in gated} == {0.0, 1.0}

    posts = written(chain / "posts.jsonl", [{name: row[name] for name in ("id", "text", "image")} for row in gated])
    asked = ("tag", posts, "--model", run, *clip, "--store", chain / "fresh", "--format", "jsonl")
    for more, expected in (((), gated), (("--profile", "24gb"), gated), (("--threshold", "none"), every)):
        found = [json.loads(line) for line in mmavk(*asked, *more).out.splitlines()]
        assert [row["entities"] for row in found] == [row["entities"] for row in expected]
        assert [row["knowledge"]["weight"] for row in found] == [row["knowledge"]["weight"] for row in expected]
        near = [row["knowledge"]["similarity"] for row in gated]
        assert [row["knowledge"]["similarity"] for row in found] == pytest.approx(near, abs=2e-4)

    by_text = ("--scorer", "text", "--threshold", "0.15")
    training = ("train", "--dataset", "tiny", "--encoder", chain / "encoder", *prefix, "--out", chain / "other")
    for line in (training, ("eval", run, "--dataset", "tiny", *clip), asked):
        refused = mmavk(*line, *by_text)
        assert (refused.code, "no text to compare" in refused.err) == (2, True), refused.err


def test_a_gate_by_clip(mmavk: Mmavk, tiny_clip: Path, chain: Path) -> None:
    clip = ("--scorer", "clip", "--clip", tiny_clip)
    assert mmavk("generate", "--dataset", "tiny", "--generator", "echo").code == 0
    assert mmavk("score", "--dataset", "tiny", "--clip", tiny_clip).code == 0
    run = trained(mmavk, chain, "--knowledge", "echo", "--threshold", "quantile:0.5", *clip)
    facts = json.loads((run / "model" / "tagger.json").read_text())
    assert facts["trained"]["scorer"] == "clip"
    assert json.loads((run / "run.json").read_text())["counts"]["tiny/train"]["gated"] == 0.5
    asked = ("eval", run, "--dataset", "tiny", "--knowledge", "echo", "--format", "json")
    own = mmavk(*asked, "--clip", tiny_clip)  # the model's own scorer
    assert own.code == 0, own.err
    assert own.json["knowledge"] == "echo (own)"
    shuffled = mmavk(*asked, "--clip", tiny_clip, "--pairing", "shuffled")
    assert shuffled.code == 0, shuffled.err
    other = mmavk(*asked, "--scorer", "text")
    assert (other.code, "another scorer" in other.err) == (4, True)
    allowed = mmavk(*asked, "--scorer", "text", "--other-knowledge")
    assert allowed.code == 0, allowed.err


def test_knowledge_of_another_recipe(mmavk: Mmavk, chain: Path) -> None:
    assert mmavk("generate", "--dataset", "tiny", "--generator", "echo").code == 0
    run = trained(mmavk, chain)
    others = ("--dataset", "tiny", "--knowledge", "echo")
    for asked in (("eval", run, *others), ("sweep", "--model", run, *others)):
        refused = mmavk(*asked)
        assert (refused.code, "trained with no knowledge" in refused.err) == (4, True)
        assert mmavk(*asked, "--other-knowledge").code == 0
