"""Which columns of a CoNLL file hold the word and its tag: found over all of its lines, or said with `--columns`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mmavk_cli.base.errors import DataError
from mmavk_cli.corpus.tag_schemes import NAME_TAG, OUTSIDE, PLAIN, Scheme, TagSurvey

WORD, TAG = "word", "tag"
IMAGE, DOCUMENT = "IMGID:", "-DOCSTART-"
BLANKS = " \t\r"
"""What stands around words and tags and belongs to neither; any other white space is part of a word."""

CHOOSE = "Say which column is which: mmavk data convert FILE NEW --columns"

SURE = 0.9
"""Share of the lines that must hold a tag, or a number, for their column to be one of tags, or numbers."""

USUAL = 0.1
"""Share of the lines under which their number of columns is a slip."""

FEW = 10
"""Lines under which one value in a column says nothing, and digits of a number that counts words."""

PAIR = 2
"""Columns of a file that has a word and its tag alone."""

LineKind = Literal["blank", "image", "document", "comment", "word"]


def cells(line: str) -> list[str]:
    """A line's columns: cut at tabs, without a tab at blanks; blanks around them are left out."""
    line = line.rstrip(BLANKS)
    if "\t" in line:
        return [cell.strip(BLANKS) for cell in line.split("\t")]
    return [cell for cell in line.split(" ") if cell]


def _is_tag(cell: str) -> bool:
    return cell == OUTSIDE[0] or NAME_TAG.fullmatch(cell) is not None


def kind_of(line: str) -> LineKind:
    """What a line is. A comment begins with `#`, has no tab, several words and no tag at its end."""
    if line.startswith(IMAGE):
        return "image"
    if not line.strip(BLANKS):
        return "blank"
    if DOCUMENT in line and DOCUMENT in cells(line)[:2]:
        return "document"
    if line.startswith("#") and "\t" not in line:
        found = cells(line)
        return "comment" if len(found) > PAIR and not _is_tag(found[-1]) else "word"
    return "word"


@dataclass(frozen=True, slots=True)
class Columns:
    """Lines of `count` columns, and the numbers of those with the word and the tag, from 0."""

    count: int = PAIR
    word: int = 0
    tag: int = 1
    others: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Columns":
        """Columns by name: `word,pos,chunk,tag`; those that are neither `word` nor `tag` are ignored.

        Raises:
            ValueError: it does not name one word and one tag.
        """
        names = [name.strip() for name in text.split(",")]
        if names.count(WORD) != 1 or names.count(TAG) != 1:
            raise ValueError(f"name every column, one of them {WORD} and one {TAG}, as in word,pos,chunk,tag")
        others = tuple(name for name in names if name not in {WORD, TAG})
        return cls(len(names), names.index(WORD), names.index(TAG), others)

    @property
    def said(self) -> str:
        """What a person should know of them; empty where there are two."""
        if self.count == PAIR:
            return ""
        if self.others:
            return f"{', '.join(self.others)} left aside"
        word = "second, behind a running number," if self.word else "first"
        return f"of {self.count} the {word} is read as the word and the last as its tag, the others are ignored"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read: its kinds of lines by their number of columns, and the scheme of its tags.

    `firsts` has the first line of each kind.
    """

    columns: Mapping[int, Columns] = field(default_factory=lambda: {PAIR: Columns()})
    scheme: Scheme = PLAIN
    firsts: Mapping[int, int] = field(default_factory=dict[int, int])

    def pair(self, line: str, where: str) -> tuple[str, str] | None:
        """A line's word, perhaps empty, and tag; None where the line is a comment.

        Raises:
            DataError: it has not the columns of the file, or no tag of its scheme.
        """
        found = cells(line)
        columns = self.columns.get(len(found))
        if columns is None and line.startswith("#") and PAIR not in self.columns:
            return None
        if columns is None:
            raise self._odd(found, line, where)
        self.scheme.check(found[columns.tag], where)
        return found[columns.word], found[columns.tag]

    def _odd(self, found: list[str], line: str, where: str) -> DataError:
        if len(found) < PAIR:
            return DataError(f"not a word and its tag: {line[:80]!r}", where, "Write word, tab, tag")
        usual = " or ".join(map(str, sorted(self.columns)))
        what = f"{len(found)} columns, where the file has {usual}: {line[:80]!r}"
        return DataError(what, where, "Mend the line; a word that holds blanks needs a tab behind it")


class LayoutSurvey:
    """The lines of a file, seen one by one: its columns and the scheme of its tags.

    `given` are the columns where a person says them.
    """

    def __init__(self, given: Columns | None = None) -> None:
        self._given = given
        self._tags = TagSurvey()
        self._lines: Counter[int] = Counter()  # lines by their number of columns
        self._hashes: Counter[int] = Counter()  # of these, lines that may be comments
        self._like_tags: Counter[tuple[int, int]] = Counter()  # (columns, column)
        self._numbers: Counter[int] = Counter()  # lines that begin with a number, by their number of columns
        self._runs: dict[int, int | None] = {}  # the number before; None: they do not run on
        self._firsts: dict[int, list[str]] = {}  # two different first cells, where there are two
        self._first: dict[int, int] = {}
        self._new = True

    def add(self, line: str, number: int) -> None:
        """The next line, and its number in the file."""
        kind = kind_of(line)
        if kind == "word":
            self._word(cells(line), number)
            self._new = False
        elif kind != "comment":
            self._tags.end()
            self._new = True

    def _word(self, found: list[str], number: int) -> None:
        many = len(found)
        self._lines[many] += 1
        self._hashes[many] += found[0].startswith("#")
        self._first.setdefault(many, number)
        if self._given is None:
            self._tags.add(found[-1], number)
        elif many == self._given.count:
            self._tags.add(found[self._given.tag], number)
        if many > PAIR:
            self._like_tags.update((many, at) for at, cell in enumerate(found) if _is_tag(cell))
            self._run(many, found[0])

    def _run(self, many: int, first: str) -> None:
        firsts = self._firsts.setdefault(many, [first])
        if len(firsts) < PAIR and first not in firsts:
            firsts.append(first)
        value = int(first) if first.isascii() and first.isdecimal() and len(first) < FEW else None
        self._numbers[many] += value is not None
        before = self._runs.get(many, -1 if value is None else value - 1)
        goes_on = value is not None and before is not None and (value == before + 1 or (self._new and value in {0, 1}))
        self._runs[many] = value if goes_on else None

    def _guessed(self, path: str) -> list[Columns]:
        return [self._columns(many, path) for many in self._usual()]

    def layout(self, path: str) -> Layout:
        """What was found, of the file called `path`.

        Raises:
            DataError: there are more than two columns, and the last ones hold no tags or the first ones no words.
        """
        columns = [self._given] if self._given else self._guessed(path)
        return Layout({one.count: one for one in columns}, self._tags.scheme(), self._first)

    def _usual(self) -> list[int]:
        """The numbers of columns that many lines have; one that may be a comment counts where there are no others."""
        counts = self._lines - self._hashes or self._lines
        enough = USUAL * counts.total()
        return [many for many, lines in counts.items() if many >= PAIR and lines >= enough] or [PAIR]

    def _columns(self, count: int, path: str) -> Columns:
        if count == PAIR:
            return Columns()
        place = f"{path}:{self._first[count]}"
        if not self._tags.holds_tags:
            what = f"the last of the {count} columns holds no tags"
            raise DataError(what, place, f"{CHOOSE} {self._suggested(count)}")
        if self._numbered(count):
            return Columns(count, 1, count - 1)
        one = len(self._firsts[count]) == 1 and self._lines[count] > FEW
        if one or self._numbers[count] >= SURE * self._lines[count]:
            what = f"the first of the {count} columns holds no words: {self._firsts[count][0]!r}"
            raise DataError(what, place, f"{CHOOSE} {','.join(['_', WORD, *['_'] * (count - 3), TAG])}")
        return Columns(count, 0, count - 1)

    def _numbered(self, count: int) -> bool:
        """The first column counts words: from 0 or 1, or over a few lines."""
        last, lines = self._runs[count], self._lines[count]
        return last is not None and (lines > PAIR or last <= lines)

    def _suggested(self, count: int) -> str:
        """What may be meant: the first column that does hold tags is theirs."""
        sure = [at for at in range(count) if self._like_tags[count, at] >= SURE * self._lines[count]]
        names = ["_"] * count
        names[sure[0] if sure else count - 1] = TAG
        first = 1 if self._numbered(count) else 0
        names[first if names[first] == "_" else names.index("_")] = WORD
        return ",".join(names)


def survey(lines: Iterable[tuple[int, str]], path: str, given: Columns | None = None) -> Layout:
    """The layout of a file's lines, each with its number.

    Raises:
        DataError: it cannot be told which column is which.
    """
    found = LayoutSurvey(given)
    for number, line in lines:
        found.add(line, number)
    return found.layout(path)
