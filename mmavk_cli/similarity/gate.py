"""The gate: similarity → the weight of the knowledge in the fusion (paper, sections 3.1 and 4.4)."""

from typing import Any

from pydantic import field_validator

from mmavk_cli.base.settings import Settings, setting

NONE = "none"


class GateSettings(Settings):
    """Which knowledge counts less, and how much."""

    threshold: str | None = setting(
        None,
        "Knowledge of a lower similarity counts less: a number in [-1, 1], or `none`: all knowledge counts in full. "
        "[default: the model's own]",
    )
    below: float = setting(0.0, "What knowledge under the threshold counts, from 0 to 1.", ge=0, le=1)

    @field_validator("threshold", mode="before")
    @classmethod
    def _is_number_or_none(cls, value: Any) -> str | None:
        if value is None:
            return None
        if value == NONE:
            return NONE
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not -1 <= number <= 1:
            raise ValueError(f"{value!r} is neither a number in [-1, 1] nor `none`")
        return str(value)

    def cut(self, own: float | None) -> float | None:
        """The threshold that holds, `own` being the model's; None: all knowledge counts in full."""
        if self.threshold is None:
            return own
        return None if self.threshold == NONE else float(self.threshold)


def weight(similarity: float, threshold: float | None, below: float = 0.0) -> float:
    """Weight in [0, 1]: 1 from the threshold on, `below` under it; without a threshold all knowledge counts in full.

    A similarity that is not a number is under every threshold.
    """
    return 1.0 if threshold is None or similarity >= threshold else below
