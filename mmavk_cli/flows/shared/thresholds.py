"""The thresholds of Figure 4."""

from collections.abc import Sequence

from pydantic import field_validator

from mmavk_cli.base.records import Knowledge
from mmavk_cli.base.settings import Settings, setting

STEPS = 200
"""Most thresholds of a sweep."""


CLIP_RANGE, TEXT_RANGE = "0.25:0.40:0.01", "0:0.75:0.05"
"""Thresholds of the paper, for CLIP's similarities, and as many for the text scorer's, whose range is wider."""


NEVER = -2.0
"""Stands for the similarity of knowledge whose picture is not here: every threshold gates it."""

CLIP, TEXT = "CLIP", "the text scorer, not CLIP"
"""What a figure calls who gave the similarities."""


class Thresholds(Settings):
    """Which thresholds Figure 4 is drawn of."""

    thresholds: str | None = setting(
        None,
        f"Thresholds of Figure 4, FIRST:LAST:STEP. [default: the paper's {CLIP_RANGE}; with the text scorer "
        f"{TEXT_RANGE}]",
    )

    @field_validator("thresholds")
    @classmethod
    def _is_range(cls, value: str | None) -> str | None:
        if value is not None:
            threshold_range(value)
        return value

    def tried(self, *, by_text: bool) -> tuple[float, ...]:
        """The thresholds, those that suit the scorer where none were asked for."""
        return threshold_range(self.thresholds or (TEXT_RANGE if by_text else CLIP_RANGE))


def threshold_range(text: str) -> tuple[float, ...]:
    """`0.25:0.40:0.01` → 0.25, 0.26, … 0.40, without the errors of adding up.

    Raises:
        ValueError: it is no such range.
    """
    try:
        first, last, step = map(float, text.split(":"))
        many = int((last - first) / step + 1e-6) + 1
    except (ValueError, ZeroDivisionError, OverflowError):
        many = 0
    if not 1 <= many <= STEPS:
        raise ValueError(
            f"{text!r} is not a range FIRST:LAST:STEP of at most {STEPS} thresholds, such as 0.25:0.40:0.01"
        )
    return tuple(round(first + number * step, 6) for number in range(many))


def gated_by(knowledge: Sequence[Knowledge | None], similarities: Sequence[float | None]) -> list[float | None]:
    """What a threshold is held against, a post: its similarity, `NEVER` where there is none; None: no knowledge."""
    found = []
    for one, similarity in zip(knowledge, similarities, strict=True):
        known = NEVER if similarity is None else similarity
        found.append(None if one is None else known)
    return found
