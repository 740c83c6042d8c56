"""Table 1 of one data set, and which counting rule gives each printed number."""

from dataclasses import asdict, dataclass

from mmavk_cli.base.records import Json
from mmavk_cli.report.table_section import Section

RULES = ("strict", "conlleval", "adaseq")


@dataclass(frozen=True, slots=True)
class Number:
    """What is counted in which split: printed in the paper (None: it is not), and by us under each rule."""

    split: str
    what: str
    published: int | None
    strict: int
    conlleval: int
    adaseq: int

    @property
    def given_by(self) -> tuple[str, ...]:
        """The rules that give the printed number."""
        return tuple(rule for rule in RULES if getattr(self, rule) == self.published)

    def words(self) -> tuple[str, ...]:
        """The row under `Table1.section`'s head."""
        counts = (str(getattr(self, rule)) for rule in RULES)
        return (self.split, self.what, "-" if self.published is None else str(self.published), *counts, self._verdict())

    def _verdict(self) -> str:
        if self.published is None:
            return ""
        if self.given_by:
            return "all" if self.given_by == RULES else ", ".join(self.given_by)
        return f"none (strict {self.strict - self.published:+d})"


@dataclass(frozen=True, slots=True)
class Table1:
    """All numbers of one data set; `notes` are remarks on the printed ones."""

    dataset: str
    source: str
    numbers: tuple[Number, ...]
    notes: tuple[str, ...]

    def as_json(self) -> Json:
        """One JSON object."""
        return asdict(self) | {"numbers": [asdict(one) | {"given_by": one.given_by} for one in self.numbers]}

    def section(self) -> Section:
        """The table for people."""
        head = ("split", "", "published", "strict", "conlleval", "adaseq", "given by")
        rows = tuple(one.words() for one in self.numbers)
        return Section(f"table1 of {self.dataset}", head, rows, tuple(self._remarks()), words=2)

    def _remarks(self) -> list[str]:
        printed = [one for one in self.numbers if one.published is not None]
        if not printed:
            return ["nothing is published of this data set"]
        strange = [f"{one.split} {one.what}" for one in printed if not one.given_by]
        given = f"{len(printed) - len(strange)} of {len(printed)} printed numbers are given by a rule ({self.source})"
        none = [f"no rule gives: {', '.join(strange)}"] if strange else []
        return [given, *none, *self.notes]
