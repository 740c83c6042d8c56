"""What a run of `generate` is asked, and what it came to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmavk_cli.base.errors import DataError, MemoryShortError
from mmavk_cli.base.images import PictureLimits
from mmavk_cli.base.records import Counted, Json
from mmavk_cli.knowledge.generators.generator import NO_MEMORY, Generator
from mmavk_cli.knowledge.generators.vlm.clean_answer import CUT, EMPTY, NOT_JSON, REPEATING

TOTALS = (
    "files", "pictures", "cached", "made", "failed", "failed_before", "placeholders", "missing", "tokens", "flagged"
)  # fmt: skip

MOSTLY = 0.5
"""Share of flagged texts above which a run is told to be no good as it was asked for."""

ADVICE = {
    CUT: "raise --max-new-tokens",
    REPEATING: "the model only repeats itself; try another --vlm, --prompt or precision",
    NOT_JSON: "the model does not keep to --prompt structured; try another --vlm or --prompt",
    EMPTY: "the model names nothing; try another --vlm or --prompt",
}
"""What to do about texts of each flag."""


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
    (cut, repeating, empty or not JSON).

    Attributes:
        failures: where and why there is no text, of what was tried.
        before: the same of what failed in an earlier run.
        flags: how many of the texts made have each flag.
    """

    recipe: str = ""
    totals: Counted = field(default_factory=lambda: Counted(dict.fromkeys(TOTALS, 0)))
    failures: list[tuple[str, str]] = field(default_factory=list)
    before: list[tuple[str, str]] = field(default_factory=list)
    flags: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()
    stopped: bool = False

    def fail(self, where: str, reason: str) -> None:
        """One more picture without a text."""
        self.totals.add("failed")
        self.failures.append((where, reason))

    def failed_before(self, where: str, reason: str) -> None:
        """One more picture without a text that is not tried again."""
        self.totals.add("failed_before")
        self.before.append((where, reason))

    def make(self, details: Json) -> None:
        """One more text; `details` are its row's."""
        self.totals.add("made")
        self.totals.add("tokens", int(details.get("new_tokens", 0)))
        self.totals.add("flagged", bool(details.get("flags")))
        self.flags.update(details.get("flags", ()))

    @property
    def mostly_flagged(self) -> bool:
        """Whether something is wrong with most of the texts made: with how they are asked for, not with one picture."""
        return self.totals.counts["flagged"] > MOSTLY * self.totals.counts["made"]

    def flaws(self) -> str:
        """How many of the texts made are flagged, with what, and what to do about the flag that comes most often."""
        each = ", ".join(f"{number:,} {flag}" for flag, number in self.flags.most_common())
        often = self.flags.most_common(1)[0][0]
        flagged, made = self.totals.counts["flagged"], self.totals.counts["made"]
        return f"{flagged:,} of {made:,} texts are of little use ({each}): {ADVICE[often]}"

    @property
    def code(self) -> int:
        """What the command exits with."""
        if any(reason.startswith(NO_MEMORY) for _, reason in self.failures):
            return MemoryShortError.code
        return DataError.code if self.failures or self.before or self.mostly_flagged else 0

    def failures_json(self) -> Json:
        """Each failure as an object: where, and what went wrong."""
        return {"failures": _listed(self.failures), "failed_before": _listed(self.before)}

    def as_json(self) -> Json:
        """One JSON object, for the run folder."""
        content = {"recipe": self.recipe, "totals": self.totals.counts, "flags": dict(self.flags)}
        return content | {"stopped": self.stopped, "notes": list(self.notes)}


def _listed(failures: Sequence[tuple[str, str]]) -> list[Json]:
    return [{"where": where, "error": reason} for where, reason in failures]
