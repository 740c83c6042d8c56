"""Training data that teaches to look at the picture: real posts with made-up picture words, and made-up posts.

    python -m mmavk_cli.flows.train.made_up_data --data-dir DATA --captions DATA/knowledge/blip2 --out FOLDER

Not a command of `mmavk`: it serves the training of the taggers that ship (docs/embedded.md). It writes, a data set, the
folder NAME/ with its splits and NAME.txt with the picture words, which `mmavk store import` takes. The same seed gives
the same bytes.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from mmavk_cli.base.digest import canonical
from mmavk_cli.base.errors import DataError
from mmavk_cli.base.files import atomic_write
from mmavk_cli.base.paths import dataset_folder
from mmavk_cli.base.records import Counted, Json, Post
from mmavk_cli.base.settings import DataFolder, setting
from mmavk_cli.corpus.dataset import load_split
from mmavk_cli.corpus.formats.lines import JSONL
from mmavk_cli.corpus.madeup.lists import KINDS, lists
from mmavk_cli.corpus.madeup.posts import Posts, Shown, names_of
from mmavk_cli.knowledge.generators.ocr import SENTENCE
from mmavk_cli.knowledge.importing import captions_by_image

SPLITS = ("train", "valid")

MADE_UP = "made-up"
"""Name of the data set of made-up posts."""

SCENES = {"right": 20, "other": 12, "foreign": 13, "caption": 20, "none": 35}
"""What a real post's picture shows, in percent: a cue for one of its names, another bearer of that name, a name that
the post does not hold, the real picture's caption, nothing."""


class MadeUpSettings(DataFolder):
    """Options of the program."""

    dataset: tuple[str, ...] = setting(("twitter2015", "twitter2017"), "Data sets whose posts get picture words.")
    captions: Path = setting(..., "Folder of the BLIP-2 captions, <data set>.txt.")
    out: Path = setting(..., "Folder for the data sets and their picture words.")
    posts: int = setting(5000, "Made-up posts that the picture decides; as many whose text tells the type.", ge=10)
    seed: int = setting(1, "Seed of all that is drawn.")


def made_up_data(settings: MadeUpSettings) -> Json:
    """Write the data sets; how many posts of each scene there are.

    Raises:
        DataError: a data set or its captions cannot be read.
    """
    counts: Json = {}
    for name in settings.dataset:
        captions = _captions(settings.captions / f"{name}.txt")
        folder = dataset_folder(name, settings.data_dir)
        scenes = {}
        for split in SPLITS:
            scenes[split] = list(_real(list(load_split(folder, split)), captions, settings.seed))
        counts[name] = _write(settings.out, name, scenes)
    made = {split: list(_made_up(settings, split)) for split in SPLITS}
    counts[MADE_UP] = _write(settings.out, MADE_UP, made)
    return counts


def _captions(path: Path) -> dict[str, str]:
    """Image id → caption; none where there is no file."""
    return captions_by_image(path) if path.is_file() else {}


def _real(posts: Sequence[Post], captions: dict[str, str], seed: int) -> Iterator[tuple[Post, str, str]]:
    """Each post with its scene and the words of its picture."""
    drawn, random = Posts(lists("train"), seed), Random(f"scenes {seed}")
    for number, post in enumerate(posts):
        named = _identified(post, number)
        scene = random.choices(list(SCENES), list(SCENES.values()))[0]
        names = [(text, kind) for text, kind in names_of(post) if kind in KINDS]
        if scene in ("right", "other") and not names:
            scene = "foreign"
        if scene == "none":
            yield named, scene, ""
        elif scene == "caption":
            yield named, scene, captions.get(post.image_id or "", "")
        elif scene == "foreign":
            yield named, scene, _words(drawn.foreign(post))
        else:
            name, kind = random.choice(names)
            others = [other for other in KINDS if other != kind]
            yield named, scene, _words(drawn.shown(post, random.choice(others) if scene == "other" else kind, name))


def _identified(post: Post, number: int) -> Post:
    return post if post.image_id else replace(post, id=f"post-{number}", image_id=f"post-{number}")


def _made_up(settings: MadeUpSettings, split: str) -> Iterator[tuple[Post, str, str]]:
    share, seed = (1, settings.seed) if split == "train" else (20, settings.seed + 1)
    posts = Posts(lists("train"), f"{MADE_UP} {seed}")
    count = settings.posts // share
    draws = {
        "open": posts.open(count, f"open-{split}"),
        "told": posts.told(count, f"told-{split}"),
        "nothing": posts.nothing(count // 5, f"nothing-{split}"),
    }
    for scene, shown in draws.items():
        for one in shown:
            yield one.post, scene, _words(one)


def _words(shown: Shown) -> str:
    """The picture's words as their generator writes them."""
    if not shown.picture:
        return ""
    return SENTENCE.format(words=shown.picture) if shown.read else shown.picture


def _write(out: Path, name: str, splits: dict[str, list[tuple[Post, str, str]]]) -> Json:
    """The splits and the picture words of one data set; counts by split and scene."""
    counts: Json = {}
    for split, rows in splits.items():
        counted = Counted()
        for _, scene, _ in rows:
            counted.add(scene)
        counts[split] = counted.counts
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        with JSONL.writer(folder / f"{split}.jsonl") as put:
            for post, _, _ in rows:
                put(JSONL.record(post, folder))
    with atomic_write(out / f"{name}.txt") as handle:
        handle.writelines(_lines(row for rows in splits.values() for row in rows))
    return counts


def _lines(rows: Iterable[tuple[Post, str, str]]) -> Iterator[str]:
    """Lines as those of the released captions: `<image id>.jpg :<words>`."""
    for post, _, words in rows:
        if words:
            yield f"{post.image_id}.jpg :{words}\n"


def main(arguments: Sequence[str]) -> None:
    """Read the command line above and print what was made, as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m mmavk_cli.flows.train.made_up_data", description=made_up_data.__doc__
    )
    for name, kind in (("data-dir", Path), ("captions", Path), ("out", Path), ("posts", int), ("seed", int)):
        parser.add_argument(f"--{name}", required=name in ("captions", "out"), type=kind)
    parser.add_argument("--dataset", action="append")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    try:
        made = made_up_data(MadeUpSettings.gather(given))
    except DataError as error:
        parser.exit(error.code, f"{error}\n")
    sys.stdout.write(canonical(made) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
