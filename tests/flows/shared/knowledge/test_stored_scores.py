"""Scores in the store as training and evaluation read them, and what a kill leaves."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from drawn import TEXTS, draw, lines, written
from ran import Mmavk

from mmavk_cli.base.errors import KnowledgeError
from mmavk_cli.base.records import Post
from mmavk_cli.flows.shared.knowledge.clip_lookup import clip_similarities
from mmavk_cli.store.store import Store


@pytest.fixture
def scored(mmavk: Mmavk, tiny_clip: Path, posts: Path, tmp_path: Path) -> tuple[str, Path]:
    """The scorer's name and the run of `posts`."""
    ran = mmavk("score", "--input", posts, "--clip", tiny_clip, "--format", "json", "--out", tmp_path / "run")
    return ran.json["scorer"], tmp_path


def post(number: int, folder: Path, text: str | None = None) -> Post:
    return Post(str(number), TEXTS[number] if text is None else text, (), image=folder / f"{number}.jpg")


def test_scores_are_found_by_name_and_by_id(scored: tuple[str, Path]):
    name, folder = scored
    rows = lines(folder / "run" / "similarity.jsonl")
    with Store(folder / "home" / "store", read_only=True) as store:
        recipe, found = clip_similarities(store, [post(number, folder) for number in range(5)], name)
        assert found == pytest.approx([row["similarity"] for row in rows], abs=1e-6)
        assert clip_similarities(store, [post(3, folder)], recipe.id[:20])[1] == found[3:4]


def test_post_without_a_picture_or_with_a_broken_one_has_none(scored: tuple[str, Path]):
    name, folder = scored
    (folder / "empty.jpg").write_bytes(b"")
    bad = [
        Post("a", "a", ()),
        Post("b", "b", (), image=folder / "gone.jpg"),
        Post("c", "c", (), image=folder / "empty.jpg"),
    ]
    with Store(folder / "home" / "store", read_only=True) as store:
        assert clip_similarities(store, bad, name)[1] == [None, None, None]


def test_scores_of_another_clip_or_of_other_posts_are_refused(scored: tuple[str, Path]):
    name, folder = scored
    with Store(folder / "home" / "store", read_only=True) as store:
        with pytest.raises(KnowledgeError, match="no scores by CLIP 'ViT-B-32/openai'") as other:
            clip_similarities(store, [post(0, folder)], "ViT-B-32/openai")
        assert name in other.value.do
        with pytest.raises(KnowledgeError, match="1 of 2 posts have no score"):
            clip_similarities(store, [post(0, folder), post(1, folder, "another text")], name)


KNOWN = """
import sys
from mmavk_cli.cli.main import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def test_what_is_known_loads_neither_torch_nor_open_clip(scored: tuple[str, Path], posts: Path, tiny_clip: Path):
    line = [sys.executable, "-c", KNOWN, "score", "--input", str(posts), "--clip", str(tiny_clip)]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    assert f"scorer {scored[0]}" in done.stdout
    assert set(done.stderr.split()) & {"torch", "torchvision", "open_clip", "PIL"} == set()


@pytest.mark.slow
def test_killed_at_any_moment_nothing_that_was_finished_is_made_again(mmavk: Mmavk, tiny_clip: Path, tmp_path: Path):
    many = 192
    source = written(
        tmp_path / "posts.jsonl",
        [
            {"text": f"{number} dogs", "image": draw(tmp_path / f"{number}.jpg", number, (900, 700)).name}
            for number in range(many)
        ],
    )
    line = ["-m", "mmavk_cli", "score", "--input", str(source), "--clip", str(tiny_clip), "--format", "json"]
    store = tmp_path / "home" / "store"
    environment = os.environ | {"MMAVK_HOME": str(tmp_path / "home")}
    kept = 0
    for wanted in (1, 40):
        running = subprocess.Popen([sys.executable, *line], env=environment, stdout=subprocess.DEVNULL)
        while running.poll() is None and (not (store / "cache.db").exists() or seen(store) < wanted):
            time.sleep(0.02)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert seen(store) >= max(kept, wanted)
        kept = seen(store)
    assert kept < many, "it was over before it could be killed"
    done = subprocess.run([sys.executable, *line], env=environment, check=True, capture_output=True)
    counts = json.loads(done.stdout)["counts"]
    assert (counts["scored"], counts["new_pictures"]) == (many, many - kept)
    assert mmavk("store", "verify").code == 0


def seen(store: Path) -> int:
    """Pictures in the store; none while its file is only being made."""
    with closing(sqlite3.connect(f"file:{store / 'cache.db'}?mode=ro", uri=True)) as database:
        try:
            query = "SELECT COUNT(*) FROM Cache WHERE key LIKE 'embedding|picture|%'"
            return int(database.execute(query).fetchone()[0])
        except sqlite3.OperationalError:
            return 0
