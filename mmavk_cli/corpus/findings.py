"""What a check of a data set can find: the kinds, how grave each is, and where it was seen."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Literal

from mmavk_cli.base.records import Json

Severity = Literal["score", "note"]
"""`score`: it changes a score, ours or one that ours is compared with. `note`: good to know."""

KINDS: dict[str, tuple[Severity, str]] = {
    "split-missing": ("score", "a split is not there; some programs then select their model on the test split"),
    "split-empty": ("score", "a split has no tweets"),
    "bad-line": ("score", "a line or row that cannot be read"),
    "splits-equal": ("score", "two splits have the same words and tags"),
    "tweet-count": ("score", "the split has not the published number of tweets"),
    "edited-file": ("score", "the file is not the one its authors released (SHA-256)"),
    "orphan-i": ("score", "I- after O or at the start: no entity in strict IOB2, an entity to conlleval"),
    "type-switch": ("score", "I- of another type than the tag before: cut off in strict IOB2, an entity to conlleval"),
    "conflicting-tags": ("score", "a repeated text with other tags"),
    "space-in-word": ("score", "white space in a word: readers that split at white space lose it and shift the tags"),
    "no-final-blank": ("score", "no blank line or no newline at the end: readers that wait for it lose the last tweet"),
    "no-tags": ("score", "a post without tags: training and scores end there"),
    "no-names": ("score", "a split without a name: nothing to learn, to choose an epoch by or to score"),
    "unseen-type": ("score", "a type that the train split lacks: its names can only be missed"),
    "types-alike": ("score", "types that differ in their capitals alone: training takes them for two"),
    "picture-missing": ("score", "a tweet's picture is not in the folder"),
    "picture-broken": ("score", "a tweet's picture cannot be read"),
    "widened": ("score", "a name that begins or ends inside a word takes in the whole word"),
    "offsets": ("score", "names that seem to be counted in another unit than characters"),
    "unread-names": ("score", "a field that seems to hold names is not read"),
    "unannotated": ("score", "tokens that nobody has annotated count as outside of names"),
    "no-word": ("score", "a tag that belongs to no word is left out"),
    "reading": ("note", "how it is read"),
    "unread": ("note", "left aside"),
    "scheme": ("note", "the tags are not plain IOB2 and are converted to it"),
    "columns": ("note", "there are more columns than a word and its tag"),
    "document": ("note", "a -DOCSTART- line marks a document and is no post"),
    "comment": ("note", "a comment is left out"),
    "padding": ("note", "blanks around a word or its tag are left out"),
    "unread-file": ("note", "a file of the folder that belongs to no split"),
    "span-group": ("note", "names are read from doc.spans, as doc.ents has none"),
    "trimmed": ("note", "blanks at the ends of a name are no part of it"),
    "doubled": ("note", "a name that is given twice is one"),
    "unread-field": ("note", "a field that posts have no place for is left aside"),
    "blank-line": ("note", "a line of nothing but blanks ends a post, as an empty one does"),
    "no-image-id": ("note", "words without an IMGID line in a file that has them: a tweet without a picture"),
    "invisible-word": ("note", "a word of invisible characters only: encoders may drop it"),
    "other-naming": ("note", "OTHER is read as MISC"),
    "own-type": ("note", "a type other than PER, LOC, ORG, MISC: training learns it, the tagger that ships lacks it"),
    "untested-type": ("note", "a type of the train split that this split lacks: its score is not measured here"),
    "repeated-across": ("note", "a text that an earlier split has too"),
    "repeated-near": ("note", "the same without URLs, handles, capitals and punctuation"),
    "repeated-inside": ("note", "a text that its own split has twice"),
    "repeated-id": ("note", "an id that an earlier post has too: records of the two cannot be told apart"),
    "repeated-image": ("note", "a picture's id that an earlier tweet has too"),
    "no-pictures": ("note", "there is no folder of pictures; they were not checked"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding is (`train.txt:12`, or a file), and what is there."""

    where: str
    detail: str


@dataclass(slots=True)
class Finding:
    """All there is of one kind; `counts` are by split or pair of splits."""

    kind: str
    severity: Severity
    meaning: str
    counts: Counter[str] = field(default_factory=Counter[str])
    places: list[Place] = field(default_factory=list[Place])

    @property
    def count(self) -> int:
        """The number of places."""
        return self.counts.total()

    def as_json(self, limit: int | None) -> Json:
        """The finding with its first `limit` places (None: all)."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "meaning": self.meaning,
            "count": self.count,
            "counts": dict(self.counts),
            "places": [asdict(place) for place in self.places[:limit]],
        }


class Findings:
    """What was found so far, kind by kind."""

    def __init__(self) -> None:
        self._found: dict[str, Finding] = {}

    def add(self, kind: str, group: str, where: str, detail: str) -> None:
        """One more place of `kind`, counted under `group` (a split, or a pair of splits).

        Args:
            kind: of the finding.
            group: a split, or a pair of splits.
            where: file and line.
            detail: more about this place.
        """
        finding = self._found.setdefault(kind, Finding(kind, *KINDS[kind]))
        finding.counts[group] += 1
        finding.places.append(Place(where, detail))

    def all(self) -> list[Finding]:
        """The findings in the order of `KINDS`, those that change a score first."""
        return [self._found[kind] for kind in KINDS if kind in self._found]
