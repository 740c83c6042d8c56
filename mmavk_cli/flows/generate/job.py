"""What a run of `generate` is asked, and what it came to."""

from dataclasses import dataclass, field

from mmavk_cli.base.errors import DataError, MemoryShortError
from mmavk_cli.base.images import PictureLimits
from mmavk_cli.base.records import Counted, Json
from mmavk_cli.knowledge.generators.generator import NO_MEMORY, Generator

TOTALS = (
    "files", "pictures", "cached", "made", "failed", "failed_before", "placeholders", "missing", "tokens", "flagged"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of every picture. `part` is (which, of how many), counted from 0."""

    generator: Generator
    limits: PictureLimits
    part: tuple[int, int]
    placeholder: int
    retry_failed: bool


@dataclass(slots=True)
class Generation:
    """The result of a run of `generate`, filled while it runs: it also holds what was made before an error or Ctrl-C.

    Totals: `files`, `pictures` (of different bytes, of this part), `cached` (there already, or made by another process
    meanwhile), `made`, `failed`, `failed_before` (not tried again), `placeholders`, `missing`, `tokens`, `flagged`
    (cut, repeating or empty).
    """

    recipe: str = ""
    totals: Counted = field(default_factory=lambda: Counted(dict.fromkeys(TOTALS, 0)))
    failures: list[tuple[str, str]] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    stopped: bool = False

    def fail(self, where: str, reason: str) -> None:
        """One more picture without a text."""
        self.totals.add("failed")
        self.failures.append((where, reason))

    @property
    def code(self) -> int:
        """What the command exits with."""
        if any(reason.startswith(NO_MEMORY) for _, reason in self.failures):
            return MemoryShortError.code
        return DataError.code if self.failures else 0

    def failures_json(self) -> Json:
        """Each failure as an object: where, and what went wrong."""
        return {"failures": [{"where": where, "error": reason} for where, reason in self.failures]}

    def as_json(self) -> Json:
        """One JSON object, for the run folder."""
        return {"recipe": self.recipe, "totals": self.totals.counts, "stopped": self.stopped, "notes": list(self.notes)}
