"""The contrast sets: posts whose one name only the picture types, and posts whose text leaves no doubt.

Names and sentence patterns are the `test` part of the lists in mmavk_cli/corpus/madeup, pictures those of scenes.toml;
nothing of them occurs in the training data.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from mmavk_cli.corpus.madeup.lists import KINDS, OPEN, OPEN_MISC, lists

SCENES = tomllib.loads((Path(__file__).parent / "scenes.toml").read_text("utf-8"))

GROUPS = 88
"""Groups of each set."""


@dataclass(frozen=True)
class Item:
    """A post with the words of its picture; `name` is a `kind` here.

    Attributes:
        text: the post.
        name: its one name.
        kind: the type that is right.
        picture: lines of print, or a description.
    """

    text: str
    name: str
    kind: str
    picture: str


def open_groups(scenes: str, seed: int = 7) -> Iterator[list[Item]]:
    """Groups of one post and two or three pictures, each of which makes its name another type.

    `scenes` is `with_name`, `without` or `described`.
    """
    random, own = Random(f"{scenes} {seed}"), lists("test")
    names = list(own.names)
    random.shuffle(names)
    decks = {kind: Deck(SCENES[kind][scenes].strip().splitlines(), random) for kind in KINDS}
    for number in range(GROUPS):
        name, kinds = names[number % len(names)]
        text = random.choice(own.posts[OPEN_MISC if "MISC" in kinds else OPEN]).replace("{n}", name)
        yield [Item(text, name, kind, decks[kind].draw().replace("{n}", name)) for kind in kinds]


def told_posts(seed: int = 7) -> Iterator[Item]:
    """Posts whose text tells the type, each with the picture of another bearer of the name."""
    random, own = Random(f"told {seed}"), lists("test")
    names = list(own.names)
    random.shuffle(names)
    decks = {kind: Deck(SCENES[kind]["with_name"].strip().splitlines(), random) for kind in KINDS}
    for name, kinds in names[:GROUPS]:
        kind = random.choice(kinds)
        other = random.choice([one for one in kinds if one != kind])
        text = random.choice(own.posts[kind]).replace("{n}", name)
        yield Item(text, name, kind, decks[other].draw().replace("{n}", name))


class Deck:
    """Draws every entry once before any comes again."""

    def __init__(self, entries: Sequence[str], random: Random) -> None:
        self.entries, self.random, self.left = tuple(entries), random, []

    def draw(self) -> str:
        """The next entry."""
        if not self.left:
            self.left = self.random.sample(self.entries, len(self.entries))
        return self.left.pop()
