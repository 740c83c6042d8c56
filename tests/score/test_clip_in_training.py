"""score → train → eval → sweep with CLIP, tiny and random: it proves plumbing, never quality."""

import json
import shutil
from pathlib import Path

import pytest
from drawn import Mmavk, draw

import mmavk_cli

pytestmark = pytest.mark.slow
TOKENIZER = Path(mmavk_cli.__file__).parent / "embedded" / "tokenizer.json"
POSTS = {"train": 12, "valid": 4, "test": 4}


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set with pictures and knowledge in JSON Lines, and a tiny random encoder."""
    import torch
    from transformers import BertConfig, BertModel

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
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(**sizes), add_pooling_layer=False).save_pretrained(tmp_path / "encoder")
    shutil.copyfile(TOKENIZER, tmp_path / "encoder" / "tokenizer.json")
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
    swept = mmavk("sweep", "--run", run, "--dataset", "tiny", "--knowledge", "echo", *clip)
    assert (swept.code, "reads no knowledge" in swept.err) == (2, True)
    refused = mmavk("export", run, "--out", chain / "onnx")
    assert (refused.code, "prefix" in refused.err) == (2, True)


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
    for asked in (("eval", run, *others), ("sweep", "--run", run, *others)):
        refused = mmavk(*asked)
        assert (refused.code, "trained with no knowledge" in refused.err) == (4, True)
        assert mmavk(*asked, "--other-knowledge").code == 0
