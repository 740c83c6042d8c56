"""Drawings as plain numbers: what the template writes as SVG, and the same numbers as a table for who cannot see it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 440, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 42
STYLES = 6
"""Lines are told apart by colour and by dashes; so many there are."""

FEW = 40
"""A line of so many points has a dot at each."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`; `ticks` are values and what stands at them."""

    label: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """Points joined in order."""

    name: str
    points: tuple[Point, ...]
    style: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from `low` to `high` on the x axis, of values from `bottom` to `top`."""

    low: float
    high: float
    bottom: float
    top: float
    style: int


@dataclass(frozen=True, slots=True)
class Whisker:
    """A value and its interval, lying at the height `at`."""

    at: float
    value: float
    ends: tuple[float, float] | None
    style: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A line through the whole drawing, upright at `x` or level at `y`, and what it stands for."""

    label: str
    style: int
    x: float | None = None
    y: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing. `head` and `rows` are its numbers; `names` says what each style stands for."""

    title: str
    summary: str
    x: Axis
    y: Axis
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[Line, ...] = ()
    bars: tuple[Bar, ...] = ()
    whiskers: tuple[Whisker, ...] = ()
    rules: tuple[Rule, ...] = ()
    names: tuple[tuple[int, str], ...] = ()
    height: int = HEIGHT

    def px(self, value: float) -> float:
        """A value of the x axis in units of the drawing."""
        return round(LEFT + _share(value, self.x) * (WIDTH - LEFT - RIGHT), 1)

    def py(self, value: float) -> float:
        """A value of the y axis in units of the drawing, downwards."""
        return round(TOP + (1 - _share(value, self.y)) * (self.height - TOP - BOTTOM), 1)

    def path(self, line: Line) -> str:
        """A line as SVG writes it."""
        return "M" + "L".join(f"{self.px(x):g} {self.py(y):g}" for x, y in line.points)

    def dots(self, line: Line) -> Sequence[Point]:
        """Where a line has dots."""
        return line.points if len(line.points) <= FEW else ()


def axis(label: str, values: Sequence[float], whole: tuple[float, float] | None = None, least: float = 0.0) -> Axis:
    """An axis over the values (or over `whole`), with round numbers at its ticks, `least` apart at least.

    Args:
        label: of the axis.
        values: that it shows.
        whole: its ends; None: those of the values.
        least: smallest distance of two ticks.
    """
    low, high = whole or (min(values), max(values))
    if high - low < 1e-9:  # noqa: PLR2004
        low, high = low - 0.5, high + 0.5
    step = max(_round_step((high - low) / 5), least)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    ticks = tuple((number * step, f"{number * step:,.{decimals}f}") for number in range(first, last + 1))
    if whole:
        ticks = tuple(tick for tick in ticks if low - 1e-9 <= tick[0] <= high + 1e-9)
        return Axis(label, low, high, ticks)
    return Axis(label, first * step, last * step, ticks)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * one for one in (1, 2, 5, 10) if power * one >= least - 1e-12)


def _share(value: float, along: Axis) -> float:
    return (value - along.low) / (along.high - along.low)
