"""The program that writes the training data that teach to look at the picture, by its real command line."""

import json
import subprocess
import sys
from pathlib import Path

from mmavk_cli.base.records import Counted
from mmavk_cli.corpus.dataset import load_split
from mmavk_cli.knowledge.importing import read_blip2

POST = "IMGID:{number}\nAlice\tB-PER\nflew\tO\nto\tO\nOslo\tB-LOC\n\n"


def written(folder: Path, out: str) -> dict[str, bytes]:
    """The program's files, over a small data set of our own."""
    data = folder / "data" / "mine"
    data.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", 40), ("valid", 10)):
        posts = [POST.format(number=f"{split}{number}") for number in range(count)]
        (data / f"{split}.txt").write_text("".join(posts), "utf-8")
    captions = [f"train{number}.jpg :a caption of picture {number}\n" for number in range(40)]
    (folder / "mine.txt").write_text("".join(captions), "utf-8")
    line = [sys.executable, "-m", "mmavk_cli.flows.train.made_up_data", "--dataset", "mine", "--posts", "40"]
    line += ["--data-dir", str(folder / "data"), "--captions", str(folder), "--out", str(folder / out)]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    counts = json.loads(done.stdout)
    assert sum(counts["mine"]["train"].values()) == 40
    assert counts["made-up"]["train"] == {"open": 40, "told": 40, "nothing": 8}
    files = sorted((folder / out).rglob("*"))
    return {str(path.relative_to(folder / out)): path.read_bytes() for path in files if path.is_file()}


def test_posts_keep_their_tags_and_pictures_belong_to_posts(tmp_path: Path):
    files = written(tmp_path, "out")
    assert set(files) == {f"{name}/{split}.jsonl" for name in ("mine", "made-up") for split in ("train", "valid")} | {
        "mine.txt", "made-up.txt",
    }  # fmt: skip
    for name in ("mine", "made-up"):
        posts = [post for split in ("train", "valid") for post in load_split(tmp_path / "out" / name, split)]
        ids = [post.image_id for post in posts]
        assert len(set(ids)) == len(ids)
        shown = [one.image_id for one in read_blip2(tmp_path / "out" / f"{name}.txt", Counted())]
        assert shown
        assert set(shown) <= set(ids)
    mine = list(load_split(tmp_path / "out" / "mine", "train"))
    assert {post.tags for post in mine} == {("B-PER", "O", "O", "B-LOC")}


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path):
    assert written(tmp_path, "one") == written(tmp_path, "two")
