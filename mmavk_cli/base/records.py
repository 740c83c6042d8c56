"""The records that pass between stages. Shapes: B posts, W words, P pieces, K knowledge pieces, D width, T tags."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TYPES = ("PER", "LOC", "ORG", "MISC")
"""The paper's entity types, which come first wherever types are listed. A tagger has those of its training data."""


@dataclass(frozen=True, slots=True)
class Word:
    """One token of a post: `text` is `post.text[start:end]` with HTML entities decoded (`&amp;` is `&`)."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Post:
    """A text, perhaps with gold tags and a picture.

    `image_id` names the picture in a data set, `image` is its file, `image_url` its address where it is not on this
    machine; any may be absent. `where` is the place the post was read from (`train.txt:12`), for messages. `raw`: no
    words were given, they were cut from the text. `lines[i]` is the line of word `i`, where each has its own.
    """

    id: str
    text: str
    words: tuple[Word, ...]
    tags: tuple[str, ...] | None = None
    image_id: str | None = None
    image: Path | None = None
    where: str = ""
    raw: bool = field(default=False, compare=False)
    image_url: str | None = None
    lines: tuple[int, ...] = field(default=(), compare=False)

    def raw_words(self) -> list[str]:
        """The words as they stand in the text."""
        return [self.text[word.start : word.end] for word in self.words]

    def place(self, word: int) -> str:
        """Where a word was read from, by its number in the post."""
        return f"{self.where.rpartition(':')[0]}:{self.lines[word]}" if self.lines else self.where


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """An entity in words: [start, end) and its type."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity in characters and words of the raw text; `score` is the decoder's probability of it, in [0, 1]."""

    start: int
    end: int
    word_start: int
    word_end: int
    type: str
    text: str
    score: float

    @property
    def span(self) -> Span:
        """The same in words."""
        return Span(self.word_start, self.word_end, self.type)


@dataclass(frozen=True, slots=True)
class Visual:
    """What a vision model makes of a picture: numbers of float32, and their shape ((512,) for CLIP's vector).

    `data` are the numbers' bytes in C order; a read-only `memoryview` of a mapped file will do.
    """

    shape: tuple[int, ...]
    data: bytes | memoryview


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Text written about a picture, what wrote it, and how much it counts.

    `similarity` is in [-1, 1] (None: not scored), `weight` in [0, 1]; `scorer` names what gave the similarity.
    `visual` are features of the picture, for a fusion that reads the image; the text is empty where it reads no text.
    """

    text: str
    recipe: str
    similarity: float | None = None
    weight: float = 1.0
    scorer: str | None = None
    visual: Visual | None = None


PICTURES = "pictures"
"""What stands for the knowledge's name where the fusion reads features of the pictures."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with one row: kind is the error class's name, `do` the advice."""

    kind: str
    what: str
    where: str
    do: str


@dataclass(frozen=True, slots=True)
class Tagged:
    """The output record of `mmavk tag` (docs/formats.md); `problem` is what was wrong with the post's picture."""

    post: Post
    entities: tuple[Entity, ...]
    knowledge: Knowledge | None
    model: str
    notes: tuple[str, ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of the input that could not become a post; the rows around it go on."""

    id: str
    problem: Problem


Row = Post | BadRow
Rows = Iterator[Row]


@dataclass(slots=True)
class Note:
    """What a reader tells of its file beside the posts.

    Attributes:
        kind: one of `corpus/findings.py`.
        detail: what exactly, the first time.
        where: where that was.
        count: how often.
    """

    kind: str
    detail: str
    where: str
    count: int = 0


@dataclass(slots=True)
class Counted:
    """Totals that a stream fills while it runs, and what it tells; read when it is exhausted."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    notes: dict[tuple[str, str], Note] = field(default_factory=dict[tuple[str, str], Note])

    def add(self, name: str, by: int = 1) -> None:
        """Add `by` to the total called `name`."""
        self.counts[name] = self.counts.get(name, 0) + by

    def note(self, kind: str, where: str, detail: str = "", group: str = "") -> None:
        """Tell something of the file at `where`; notes of one kind and `group` are one, and counted.

        Args:
            kind: what was noticed.
            where: file and line.
            detail: more about this place.
            group: notes of one kind and group are counted together.
        """
        self.notes.setdefault((kind, group), Note(kind, detail, where)).count += 1


Json = dict[str, Any]
