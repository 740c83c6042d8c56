"""Tagging schemes: which one a file's tags are written in, found over all of them, and the same names in IOB2.

`B` begins a name, `I` (or `M`) goes on, `E` (or `L`) ends it, `S` (or `U`, `W`) is a whole one. IOB1 has a `B` only
where two names of one type touch, IOE the same with `E`, and IO has no prefix.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import TYPES

Parsed = tuple[str, str]
"""A tag's prefix, a capital letter, and its type; `OUTSIDE` where there is no name."""

OUTSIDE: Parsed = ("O", "")
BEGINS, ENDS = frozenset("BSUW"), frozenset("ELSUW")
LETTERS = BEGINS | ENDS | frozenset("IM")

IOB2, IOB1, IO, IOE = "IOB2", "IOB1", "IO", "IOE"
UNMARKED = frozenset({IOB1, IO, IOE})
"""Schemes in which a name may begin without a mark."""

FORMS = {
    "B-PER": re.compile(r"(?P<prefix>[BIESLUMW])[-_/:|.](?P<kind>.*\S)", re.IGNORECASE),
    "PER-B": re.compile(r"(?P<kind>.*\S)[-_/:|.](?P<prefix>[BIESLUMW])", re.IGNORECASE),
    "PER": re.compile(r"(?P<kind>[^\W\d_][^\t]*\w)"),
}
"""Where a tag has its prefix, by an example."""

NAME_TAG = re.compile(r"[BIESLUMW][-_].+|.+[-_][BIESLUMW]")
"""What looks like the tag of a name in the usual spellings, before the scheme of its file is known."""

DIFFERENT = 1000
"""Different tags; a column with more holds something else."""

_CAPITALS = {kind.casefold(): kind for kind in (*TYPES, "OTHER")}


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a file's tags are written.

    Attributes:
        name: `IOB2`, `IOB1`, `IO`, `IOE`, `BIOES`, `BILOU` or `BMES`.
        form: a key of `FORMS`.
        letters: the prefixes that may be met.
        said: what a person should know; empty where the tags are IOB2 as they stand.
        place: the first tag that says so, by the number it was added with.
    """

    name: str = IOB2
    form: str = "B-PER"
    letters: frozenset[str] = frozenset("BI")
    said: str = ""
    place: int = 0

    def parsed(self, tag: str) -> Parsed | None:
        """A tag's prefix and type, None where it is no tag of this scheme."""
        if not self.said:
            return _plain(tag)
        found = _parsed(tag, self.form)
        return found if found == OUTSIDE or (found and found[0] in self.letters) else None

    def check(self, tag: str, where: str) -> None:
        """A tag is one of this scheme.

        Raises:
            DataError: it is none.
        """
        if self.parsed(tag) is None:
            advice = f"Tags are O, and names in the form {self.form}" if self.said else "Tags are O, B-TYPE or I-TYPE"
            raise DataError(f"{tag!r} is not {'a' if self.name[0] == 'B' else 'an'} {self.name} tag", where, advice)

    def iob2(self, tags: Sequence[str]) -> list[str]:
        """The tags of one post in IOB2, for the same names; what `parsed` does not know is outside.

        Where the scheme marks the beginning of every name, an I- that continues nothing stays one.
        """
        return to_iob2([self.parsed(tag) or OUTSIDE for tag in tags], self.name)


PLAIN = Scheme()
"""IOB2 with a dash and capitals, as mmavk writes it."""


def to_iob2(tags: Iterable[Parsed], name: str) -> list[str]:
    """The tags of one post, in the scheme `name`, in IOB2."""
    made: list[str] = []
    before, ended = "", False
    for prefix, kind in tags:
        if prefix == "O":
            made.append("O")
            before = ""
            continue
        goes_on = kind == before and not ended
        begins = prefix in BEGINS or (not goes_on and (name in UNMARKED or kind == before))
        made.append(f"{'B' if begins else 'I'}-{kind}")
        before, ended = kind, prefix in ENDS
    return made


class TagSurvey:
    """The tags of a file, seen one by one: which scheme they are in."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], list[int]] = {}  # (tag before, tag): how often, first place
        self._tags: set[str] = set()
        self._before = ""

    def add(self, tag: str, place: int = 0) -> None:
        """The next tag of a post, and its line or row."""
        if len(self._tags) <= DIFFERENT:
            self._tags.add(tag)
            self._pairs.setdefault((self._before, tag), [0, place])[0] += 1
        self._before = tag

    def end(self) -> None:
        """The post ends."""
        self._before = ""

    @property
    def holds_tags(self) -> bool:
        """At least half of what was seen are tags of one scheme."""
        scheme, counts = self.scheme(), self._counts()
        return 2 * sum(many for tag, many in counts.items() if scheme.parsed(tag)) >= counts.total()

    def scheme(self) -> Scheme:
        """The scheme of all tags so far, `PLAIN` where they are in none."""
        counts = self._counts()
        form = _form(counts)
        read = {tag: found for tag in counts if form and (found := _parsed(tag, form))}
        letters = frozenset(prefix for prefix, _ in read.values()) - {"O"}
        if not form or not letters:
            return PLAIN
        name, about = self._named(form, letters, read)
        foreign = [tag for tag in read if _plain(tag) != read[tag]]
        if not foreign and name == IOB2:
            return PLAIN
        said = f"{name}{about}" + (f", as in {foreign[0]!r}" if foreign else "")
        return Scheme(name, form, letters if letters - {"B", "I"} else frozenset("BI"), said, self._place(read, name))

    def _named(self, form: str, letters: frozenset[str], read: dict[str, Parsed]) -> tuple[str, str]:
        """The scheme's name, and what to say of it."""
        if form == "PER":
            return IO, " (the words of one type in a row are one name)"
        if letters <= {"B", "I"}:
            by_i, apart, touching = self._beginnings(read)
            said = f" ({by_i} of {by_i + apart + touching} names begin with I-)"
            return (IOB1, said) if by_i > apart else (IOB2, "")
        if "B" not in letters and not letters & {"S", "U", "W"}:
            return IOE, " (the last word of a name has an E-)"
        if letters & {"L", "U"}:
            return "BILOU", ""
        return ("BMES" if letters & {"M", "W"} else "BIOES"), ""

    def _beginnings(self, read: dict[str, Parsed]) -> tuple[int, int, int]:
        """Names that begin with I-, with B-, and with B- right behind a name of the same type."""
        by_i = apart = touching = 0
        for (before, tag), (many, _) in self._pairs.items():
            prefix, kind = read.get(tag, OUTSIDE)
            touches = read.get(before, OUTSIDE)[1] == kind
            by_i += many * (prefix == "I" and not touches)
            apart += many * (prefix == "B" and not touches)
            touching += many * (prefix == "B" and touches)
        return by_i, apart, touching

    def _place(self, read: dict[str, Parsed], name: str) -> int:
        """The first tag that is not what IOB2 would have there."""
        places = []
        for (before, tag), (_, place) in self._pairs.items():
            begins = name == IOB1 and tag in read and read[tag][1] != read.get(before, OUTSIDE)[1]
            if begins or (tag in read and _plain(tag) != read[tag]):
                places.append(place)
        return min(places, default=0)

    def _counts(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for (_, tag), (many, _) in self._pairs.items():
            counts[tag] += many
        return counts


def _form(counts: Counter[str]) -> str:
    """The form that most tags have; empty where they have none, as with parts of speech."""
    names = {tag: many for tag, many in counts.items() if tag not in {"O", "o"}}
    fits = dict.fromkeys(("B-PER", "PER-B"), 0)
    for form in fits:
        fits[form] = sum(many for tag, many in names.items() if _parsed(tag, form))
    best = max(fits, key=lambda form: fits[form])
    if fits[best]:
        return best
    bare = len(names) < len(counts) <= DIFFERENT and all(_parsed(tag, "PER") for tag in names)
    return "PER" if bare else ""  # without an O the column holds something else, as parts of speech


def _parsed(tag: str, form: str) -> Parsed | None:
    """A tag of this form; a known type gets its own capitals (`per` is `PER`)."""
    if tag in {"O", "o"}:
        return OUTSIDE
    match = FORMS[form].fullmatch(tag)
    if match is None:
        return None
    kind = match["kind"]
    prefix = match.groupdict().get("prefix") or "I"
    return prefix.upper(), own_capitals(kind)


def own_capitals(kind: str) -> str:
    """A type of mmavk's in its own capitals (`per` is `PER`), any other as it is."""
    return _CAPITALS.get(kind.casefold(), kind)


def _plain(tag: str) -> Parsed | None:
    """A tag as mmavk writes it, `B-PER`; None where it is written otherwise."""
    if tag == "O":
        return OUTSIDE
    prefix, dash, kind = tag.partition("-")
    return (prefix, kind) if prefix in {"B", "I"} and dash and kind else None
