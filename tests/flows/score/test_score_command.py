"""`mmavk score` as a user types it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from drawn import TEXTS, draw, lines, written
from PIL import Image
from ran import Mmavk

import mmavk_cli.similarity.clip
from mmavk_cli.base.images import read_picture
from mmavk_cli.store.recipe import Recipe
from mmavk_cli.store.rows import EmbeddingRow
from mmavk_cli.store.store import Store

HUB = "timm/vit_base_patch32_clip_224.openai"
SPLITS = {"train": range(3), "valid": range(3, 4), "test": range(4, 5)}


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading a CLIP is a fault from here on."""

    def load(*_: Any) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(mmavk_cli.similarity.clip, "load_clip", load)


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of five posts; the last one's picture is missing."""
    folder, pictures = tmp_path / "data" / "tiny", tmp_path / "data" / "tiny_images"
    folder.mkdir(parents=True)
    pictures.mkdir()
    for split, numbers in SPLITS.items():
        posts = ("\n".join(f"{word}\tO" for word in TEXTS[number].split()) for number in numbers)
        text = "\n\n".join(f"IMGID:{number}\n{post}" for number, post in zip(numbers, posts, strict=True))
        (folder / f"{split}.txt").write_text(text + "\n\n", "utf-8")
    for number in range(4):
        draw(pictures / f"{number}.jpg", number)
    monkeypatch.setenv("MMAVK_DATA", str(tmp_path / "data"))
    return folder


def counts(ran: Any) -> dict[str, int]:
    return {name: number for name, number in ran.json["counts"].items() if number}


def test_data_set_gives_a_run_folder_and_what_a_threshold_would_do(
    mmavk: Mmavk, tiny_clip: Path, dataset: Path, tmp_path: Path
):
    ran = mmavk("score", "--dataset", "tiny", "--clip", tiny_clip, "--gate-at", 0.1, "--out", tmp_path / "run")
    assert (ran.code, ran.err) == (0, "")
    assert "posts 5, scored 4, without picture 1, pictures 4, new pictures 4, new texts 4" in ran.out
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        "run.json", "scores.json", "similarity.jsonl", "histogram.png", "histogram.svg", "README.md",
    }  # fmt: skip
    rows = lines(tmp_path / "run" / "similarity.jsonl")
    assert [row["split"] for row in rows] == ["train"] * 3 + ["valid", "test"]
    assert rows[0]["picture"] == read_picture(dataset.parent / "tiny_images" / "0.jpg").digest
    known = [row["similarity"] for row in rows if row["similarity"] is not None]
    written_scores = json.loads((tmp_path / "run" / "scores.json").read_text())["similarities"]
    assert written_scores["gated"] == {
        "0.1": sum(value < 0.1 for value in known) / 4, "0.35": sum(value < 0.35 for value in known) / 4,
    }  # fmt: skip
    assert f"under 0.1: {written_scores['gated']['0.1']:.1%} of 4 posts" in ran.out
    with Image.open(tmp_path / "run" / "histogram.png") as image:
        assert image.size[0] > 500


def test_paper_stands_beside_its_own_data_sets(mmavk: Mmavk, tiny_clip: Path, dataset: Path):
    dataset.rename(dataset.with_name("twitter2017"))
    dataset.with_name("tiny_images").rename(dataset.with_name("twitter2017_images"))
    out = mmavk("score", "--dataset", "twitter2017", "--clip", tiny_clip).out
    assert "paper" in out
    assert "0.3011" in out
    assert "0.3022" in out


@pytest.mark.usefixtures("no_model")
def test_pictures_of_a_data_set_missing_altogether(mmavk: Mmavk, tiny_clip: Path, dataset: Path):
    shutil.rmtree(dataset.with_name("tiny_images"))
    ran = mmavk("score", "--dataset", "tiny", "--clip", tiny_clip)
    assert ran.code == 3
    assert "no folder of pictures" in ran.err


def test_what_is_known_needs_no_model(mmavk: Mmavk, tiny_clip: Path, posts: Path, request: pytest.FixtureRequest):
    line = ("score", "--input", posts, "--clip", tiny_clip, "--format", "json")
    first = mmavk(*line)
    assert counts(first) == {"posts": 5, "scored": 5, "pictures": 5, "new_pictures": 5, "new_texts": 5}
    request.getfixturevalue("no_model")
    second = mmavk(*line)
    assert counts(second) == {"posts": 5, "scored": 5, "pictures": 5}
    assert second.json["similarities"] == first.json["similarities"]
    assert second.json["scorer_id"] == first.json["scorer_id"]


def test_picture_and_text_are_each_seen_once(mmavk: Mmavk, tiny_clip: Path, tmp_path: Path):
    picture = draw(tmp_path / "a.jpg", 1)
    shutil.copy(picture, tmp_path / "b.png")
    common = ("--clip", tiny_clip, "--format", "json")
    twice = [{"text": text, "image": image} for text in ("one", "two") for image in ("a.jpg", "b.png")] * 20
    ran = mmavk("score", "--input", written(tmp_path / "twice.jsonl", twice), *common)
    assert counts(ran) == {"posts": 80, "scored": 80, "pictures": 1, "new_pictures": 1, "new_texts": 2}
    new = mmavk("score", "--input", written(tmp_path / "new.jsonl", [{"text": "three", "image": "b.png"}]), *common)
    assert counts(new) == {"posts": 1, "scored": 1, "pictures": 1, "new_texts": 1}


def test_pictures_can_be_seen_before_there_are_posts(mmavk: Mmavk, tiny_clip: Path, posts: Path, tmp_path: Path):
    common = ("--clip", tiny_clip, "--format", "json")
    ahead = mmavk("score", "--images", tmp_path, *common)
    assert counts(ahead) == {"posts": 5, "without_text": 5, "pictures": 5, "new_pictures": 5}
    assert ahead.json["similarities"] is None
    assert counts(mmavk("score", "--input", posts, *common)) == {
        "posts": 5, "scored": 5, "pictures": 5, "new_texts": 5,
    }  # fmt: skip


def test_long_text_is_cut_at_77_tokens_and_counted_each_time(mmavk: Mmavk, tiny_clip: Path, tmp_path: Path):
    draw(tmp_path / "a.jpg", 1)
    # a word a token, with a begin and an end: 75 words fill the 77 places
    rows = [{"id": words, "text": "dog " * words, "image": "a.jpg"} for words in (74, 75, 76, 5000)]
    rows.append({"id": "endless", "text": "x" * 1_000_000, "image": "a.jpg"})
    rows.append({"id": "half a pair", "text": "\ud83d dog", "image": "a.jpg"})
    source = written(tmp_path / "posts.jsonl", rows)
    for run in ("first", "cached"):
        mmavk("score", "--input", source, "--clip", tiny_clip, "--out", tmp_path / run)
        found = {row["id"]: row for row in lines(tmp_path / run / "similarity.jsonl")}
        assert {name for name, row in found.items() if row.get("cut")} == {"76", "5000", "endless"}
        assert found["76"]["similarity"] == pytest.approx(found["75"]["similarity"], abs=1e-6)
        assert found["74"]["similarity"] != pytest.approx(found["75"]["similarity"], abs=1e-6)


def test_bad_pictures_and_rows_are_told_and_the_others_go_on(mmavk: Mmavk, tiny_clip: Path, tmp_path: Path):
    whole = draw(tmp_path / "good.jpg", 1, (400, 300)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "folder.jpg").mkdir()
    Image.new("1", (9000, 8000)).save(tmp_path / "huge.png")
    names = ["good.jpg", "cut.jpg", "empty.jpg", "text.jpg", "folder.jpg", "huge.png", "absent.jpg"]
    source = written(tmp_path / "posts.jsonl", [{"id": name, "text": "a dog", "image": name} for name in names])
    with source.open("a") as handle:
        handle.write('{"text": ""}\n{broken\n{"id": "alone", "text": "no picture"}\n')
    ran = mmavk("score", "--input", source, "--clip", tiny_clip, "--out", tmp_path / "run", "--format", "json")
    assert ran.code == 3
    assert counts(ran) == {
        "posts": 8, "scored": 1, "without_picture": 1, "bad_pictures": 6, "bad_rows": 2, "pictures": 4,
        "new_pictures": 1, "new_texts": 1,
    }  # fmt: skip
    assert all(name in ran.err for name in names[1:])
    assert "bad rows: 2, pictures that cannot be read: 6" in ran.err
    found = lines(tmp_path / "run" / "similarity.jsonl")
    assert [row.get("similarity") is not None for row in found] == [True] + [False] * 9
    assert "megapixels" in found[5]["problem"]["what"]


def test_picture_that_failed_is_tried_again_only_when_asked(mmavk: Mmavk, tiny_clip: Path, posts: Path, tmp_path: Path):
    line = ("score", "--input", posts, "--clip", tiny_clip, "--format", "json")
    scorer = mmavk(*line).json["scorer_id"]
    picture = read_picture(tmp_path / "2.jpg").digest
    with Store(tmp_path / "home" / "store") as store:
        store.remove(scorer)
        store.put(EmbeddingRow(of="picture", subject=picture, scorer=scorer, error="it was no picture"))
    again = mmavk(*line)
    assert (again.code, counts(again)["bad_pictures"], counts(again)["scored"]) == (3, 1, 4)
    assert "it was no picture" in again.err
    retried = mmavk(*line, "--retry-failed")
    assert (retried.code, counts(retried)["scored"]) == (0, 5)


def test_scores_made_with_other_weights_are_refused(mmavk: Mmavk, tiny_clip: Path, posts: Path, tmp_path: Path):
    line = ("score", "--input", posts, "--clip", tiny_clip, "--format", "json")
    first = mmavk(*line).json
    with Store(tmp_path / "home" / "store") as store:
        made = store.resolve(first["scorer"])
        store.remove(made.id)
        store.put_recipe(made.model_copy(update={"revision": "sha256:0"}))
    ran = mmavk(*line)
    assert ran.code == 4
    assert "were made with other weights" in ran.err
    assert f"mmavk store rm --knowledge {first['scorer']}" in ran.err


def test_other_arithmetic_is_another_scorer(mmavk: Mmavk, tiny_clip: Path, posts: Path):
    line = ("score", "--input", posts, "--clip", tiny_clip, "--format", "json")
    whole = mmavk(*line).json
    half = mmavk(*line, "--clip-precision", "float16").json
    assert half["scorer_id"] != whole["scorer_id"]
    assert half["similarities"]["mean"] == pytest.approx(whole["similarities"]["mean"], abs=5e-3)
    # without a wish, what is there holds
    assert mmavk(*line).json["scorer_id"] == half["scorer_id"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--clip", "ViT-B-32/openai"], 5, f"hf download {HUB} open_clip_model.safetensors"),
        (["--clip", "ViT-B-32/opnai"], 2, "There is: openai"),
        (["--clip", "ViT-B-33/openai"], 2, "Did you mean ViT-B-32"),
        (["--clip", "ViT-B-32"], 2, "neither a folder nor a model with a tag"),
        (["--clip", "./nowhere"], 2, "neither a folder nor a model with a tag"),
        (["--clip", "RN50/yfcc15m", "--clip-weights", "weights.pt"], 2, "not a .safetensors file"),
        (["--clip", "RN50/openai", "--clip-weights", "nowhere.safetensors"], 5, "cannot read the weights"),
        (["--clip", "."], 5, "there is no open_clip_model.safetensors"),
        (["--gate-at", "2"], 2, "not in [-1, 1]"),
        (["--dataset", "tiny"], 2, "give one of them"),
        (["--images", "."], 2, "name their own pictures"),
        (["--split", "test"], 2, "it needs --dataset"),
        (["--scorer", "text"], 2, "--scorer text needs it"),
        (["--device", "cuda"], 5, "no GPU"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_command_lines_that_cannot_be(
    arguments: list[str], code: int, words: str, mmavk: Mmavk, posts: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(posts.parent)
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("something asked the network"))
    if "cuda" in arguments:
        import torch

        if torch.cuda.is_available():
            pytest.skip("there is a GPU")
        arguments += ["--clip", str(posts.parent / "clip")]
        (posts.parent / "clip").mkdir()
        for name in ("open_clip_config.json", "open_clip_model.safetensors"):
            (posts.parent / "clip" / name).write_text("{}")
    ran = mmavk("score", "--input", posts, *arguments)
    assert (ran.code, words in ran.err) == (code, True), ran.err


@pytest.mark.parametrize("source", ["nowhere.jsonl", "0.jpg"])
def test_input_that_is_none(source: str, mmavk: Mmavk, tiny_clip: Path, posts: Path):
    ran = mmavk("score", "--input", posts.parent / source, "--clip", tiny_clip)
    assert ran.code in {2, 3}
    assert source in ran.err


def test_weights_of_another_model(mmavk: Mmavk, tiny_clip: Path, posts: Path, tmp_path: Path):
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(tiny_clip, tmp_path / "clip")
    tensors = load_file(folder / "open_clip_model.safetensors")
    tensors.pop("text_projection")
    save_file(tensors, folder / "open_clip_model.safetensors")
    ran = mmavk("score", "--input", posts, "--clip", folder)
    assert ran.code == 5
    assert "cannot load CLIP" in ran.err
    (folder / "open_clip_model.safetensors").write_bytes(b"no safetensors")
    assert mmavk("score", "--input", posts, "--clip", folder).code == 5


def test_text_scorer_stands_behind_the_same_command(mmavk: Mmavk, dataset: Path, tmp_path: Path):
    (tmp_path / "captions.txt").write_text("".join(f"{number}.jpg :{text}\n" for number, text in enumerate(TEXTS[:4])))
    assert mmavk("store", "import", "--dataset", "tiny", tmp_path / "captions.txt", "--knowledge-name", "own").code == 0
    shutil.rmtree(dataset.with_name("tiny_images"))
    ran = mmavk("score", "--dataset", "tiny", "--scorer", "text", "--knowledge", "own", "--format", "json")
    assert ran.code == 0
    assert (ran.json["scorer"], ran.json["counts"]["scored"], ran.json["counts"]["without_knowledge"]) == ("text", 4, 1)
    assert ran.json["similarities"]["median"] == pytest.approx(1.0)
    assert ran.json["similarities"]["gated"] == {}


def test_store_names_scorers_and_removes_all_they_made(mmavk: Mmavk, tiny_clip: Path, posts: Path, tmp_path: Path):
    scorer = mmavk("score", "--input", posts, "--clip", tiny_clip, "--format", "json").json["scorer"]
    listing = mmavk("store", "ls", "--format", "json").json
    assert listing["knowledge"] == []
    assert list(listing["similarities"].values()) == [5]
    assert scorer in next(iter(listing["similarities"]))
    assert mmavk("store", "verify").code == 0
    assert mmavk("store", "rm", "--knowledge", scorer, "--yes").code == 0
    with Store(tmp_path / "home" / "store", read_only=True) as store:
        assert {row.kind for row in store.rows()} <= {"name"}


def test_recipe_says_all_that_decides_a_score(mmavk: Mmavk, tiny_clip: Path, posts: Path, tmp_path: Path):
    name = mmavk("score", "--input", posts, "--clip", tiny_clip, "--format", "json").json["scorer"]
    with Store(tmp_path / "home" / "store", read_only=True) as store:
        recipe: Recipe = store.resolve(name)
    assert recipe.revision.startswith("sha256:")
    assert recipe.pixels["interpolation"] == "bicubic"
    assert recipe.pixels["size"] == [32, 32]
    assert recipe.decoding["precision"] == "float32"
    assert recipe.decoding["context"] == 77
    assert set(recipe.versions) == {"open_clip_torch"}
