"""Entity types: renaming them on the way in (`--types`), and which ones some posts have.

Every reader's posts go through `Renaming.post`, so that a type has one name behind it, whatever file it comes from.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import field_validator

from mmavk_cli.base.errors import DataError
from mmavk_cli.base.records import BadRow, Post, Row
from mmavk_cli.base.settings import Settings, setting
from mmavk_cli.corpus.tag_schemes import own_capitals
from mmavk_cli.spans import lenient_spans, split_tag

UNIFIED = {"OTHER": "MISC"}
"""Names of one type in different data sets."""

DROP = "drop"
"""The new name of a type whose entities are left out."""

REST = "..."
"""Stands for all types that are not named."""

OUTSIDE = ""
"""What `Renaming.name` says of a type that is left out."""

_PREFIX = re.compile(r"^[BI]-(?=.)", re.IGNORECASE)
_EXAMPLE = "PERSON=PER,GPE=LOC,...=drop"


def type_name(kind: str) -> str:
    """A type without blanks around it and without a tag's prefix (`B-PER` as a type is `PER`); `per` is `PER`, and
    `OTHER` is `MISC`.
    """
    bare = own_capitals(_PREFIX.sub("", kind.strip(), count=1).strip())
    return UNIFIED.get(bare, bare)


@dataclass(frozen=True, slots=True)
class Renaming:
    """What types are called from here on.

    Attributes:
        names: old name → new name, `DROP` to leave the type out.
        rest: the same for every type that `names` has on neither side; None keeps them.
        counts: (old, new) → names that were renamed so far.
    """

    names: dict[str, str] = field(default_factory=dict[str, str])
    rest: str | None = None
    counts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]], compare=False)

    @classmethod
    def parse(cls, text: str) -> "Renaming":
        """Read `OLD=NEW,OLD=NEW`; `OLD=drop` leaves a type out, `...=NEW` is for all types that are not named.

        Raises:
            ValueError: it is not of that form, or names a type twice.
        """
        names: dict[str, str] = {}
        for part in filter(None, map(str.strip, text.split(","))):
            old, equals, new = map(str.strip, part.partition("="))
            if not (old and equals and new):
                raise ValueError(f"{part!r} is not OLD=NEW, as in {_EXAMPLE}")
            old = REST if old == "…" else type_name(old)
            new = DROP if new.casefold() == DROP else type_name(new)
            if names.setdefault(old, new) != new:
                raise ValueError(f"{old} is renamed twice, to {names[old]} and to {new}")
        return cls(names, names.pop(REST, None))

    @property
    def text(self) -> str:
        """What `parse` reads."""
        rest = {} if self.rest is None else {REST: self.rest}
        return ",".join(f"{old}={new}" for old, new in (self.names | rest).items())

    @property
    def unused(self) -> tuple[str, ...]:
        """The old names that no post has had so far."""
        had = {type_name(old).casefold() for old, _ in self.counts}
        return tuple(old for old, new in self.names.items() if old != new and old.casefold() not in had)

    def mentions(self, kind: str) -> bool:
        """Whether a type stands on either side."""
        return kind in self.names or kind in self.names.values()

    def name(self, kind: str) -> str:
        """What a type is called from here on, `OUTSIDE` where it is left out.

        A name on the right stays what it is. Capitals do not matter where no other name fits.
        """
        known = {new: new for new in self.names.values() if new != DROP} | self.names
        own = type_name(kind)
        folded = {old.casefold(): new for old, new in reversed(known.items())}
        new = known.get(own) or folded.get(own.casefold()) or self.rest or own
        return OUTSIDE if new == DROP else new

    def post(self, post: Post) -> Post:
        """The post with its types renamed; each name stays the words that it was (read by the conlleval rule).

        Raises:
            DataError: a type without a name.
        """
        kinds = dict.fromkeys(split_tag(tag)[1] for tag in post.tags or () if tag != "O")
        names = {kind: self.name(kind) for kind in kinds}
        if all(kind == name for kind, name in names.items()):
            return post
        if any(not type_name(kind) for kind in kinds):
            raise DataError("a type without a name", post.where, "Name it, or remove the entity")
        tags = post.tags or ()
        for span in lenient_spans(tags):
            if names[span.type] != span.type:
                self.counts[span.type, names[span.type]] += 1
        return replace(post, tags=tuple(_renamed(tags, names)))

    def rows(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Rows with their types renamed; a post that cannot be is a `BadRow`."""
        for row in rows:
            try:
                yield self.post(row) if isinstance(row, Post) else row
            except DataError as error:
                yield BadRow(row.id, error.problem())


def _renamed(tags: Iterable[str], names: dict[str, str]) -> Iterator[str]:
    before = OUTSIDE
    for tag in tags:
        prefix, kind = split_tag(tag)
        new = names.get(kind, OUTSIDE)
        # An I- of another type began a name of its own; now that both are one type it would continue the one before.
        begins = prefix == "I" and before not in {OUTSIDE, kind} and names[before] == new
        if begins:
            prefix = "B"
        yield f"{prefix}-{new}" if new else "O"
        before = kind


class TypeChoice(Settings):
    """How types are renamed on the way in."""

    types: str | None = setting(
        None,
        f"Rename types on the way in: {_EXAMPLE}. `OLD=drop` leaves a type out, `...` is every type that is not named. "
        "[default: as they are]",
        metavar="OLD=NEW,…",
    )

    @field_validator("types", mode="before")
    @classmethod
    def _can_be_read(cls, value: Any) -> str | None:
        return None if value is None else Renaming.parse(str(value)).text

    def renaming(self) -> Renaming:
        """The renaming of `--types`, which counts anew what it renames."""
        return Renaming.parse(self.types or "")


@dataclass(frozen=True, slots=True)
class Met:
    """A type in some posts: how many names have it, and the place of the first."""

    names: int
    first: str


def types_met(posts: Iterable[Post]) -> dict[str, Met]:
    """The types of some posts, by the conlleval rule, in which training reads them too."""
    found: dict[str, Met] = {}
    for post in posts:
        for span in lenient_spans(post.tags or ()):
            met = found.get(span.type, Met(0, post.place(span.start)))
            found[span.type] = replace(met, names=met.names + 1)
    return found
