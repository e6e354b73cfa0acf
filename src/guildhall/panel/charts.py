"""Charts, reckoned out here and drawn by the templates as SVG: no library, and nothing to wait for in the browser."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 240
LEFT, BOTTOM, TOP = 34, 26, 10
STEPS: Final = (1, 2, 5)
LABEL: Final = 44
"""The width that a label below needs, so that the last one does not stand beyond the edge."""

MOST_LINES: Final = 4
MOST_LABELS: Final = 7
GAP: Final = 0.28
"""The part of a day's place that stays free."""


@dataclass(frozen=True)
class Bar:
    """A bar from the ground up."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """A line across at a round number."""

    y: float
    label: str


@dataclass(frozen=True)
class Group:
    """The two bars of a day, the place that they share, and what is said when somebody points at it."""

    x: float
    width: float
    middle: float
    first: Bar
    second: Bar
    words: str
    label: str


@dataclass(frozen=True)
class PairsChart:
    """Two bars for each day. `ground` is the height at which they stand."""

    width: int
    height: int
    left: int
    ground: float
    lines: tuple[Line, ...]
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Day:
    """What a day's bars show: two numbers, in words, and its label below when there is room."""

    first: int
    second: int
    words: str
    label: str


def pairs_chart(days: Sequence[Day]) -> PairsChart:
    """Reckon out where the bars of each day stand. There is at least one day."""
    most = max(1, *(each.first for each in days), *(each.second for each in days))
    step = _step(most)
    top = step * -(-most // step)
    ground = HEIGHT - BOTTOM
    scale = (ground - TOP) / top
    place = (WIDTH - LEFT) / len(days)
    every = -(-len(days) // MOST_LABELS)
    bar = place * (1 - GAP) / 2
    groups = []
    for index, day in enumerate(days):
        x = LEFT + index * place
        begin = x + place * GAP / 2
        # The last day is the one that people look at, so labels are counted from there.
        label = day.label if (len(days) - 1 - index) % every == 0 else ""
        first = _bar(begin, bar, day.first * scale, ground)
        second = _bar(begin + bar, bar, day.second * scale, ground)
        middle = min(x + place / 2, WIDTH - LABEL / 2)
        groups.append(Group(round(x, 2), round(place, 2), round(middle, 2), first, second, day.words, label))
    lines = tuple(Line(round(ground - value * scale, 2), str(value)) for value in range(0, top + 1, step))
    return PairsChart(WIDTH, HEIGHT, LEFT, ground, lines, tuple(groups))


def _bar(x: float, width: float, height: float, ground: float) -> Bar:
    return Bar(round(x, 2), round(ground - height, 2), round(width, 2), round(height, 2))


def _step(most: int) -> int:
    """Return the distance between lines, a round number that makes few of them."""
    power = 1
    while True:
        for step in STEPS:
            if step * power * MOST_LINES >= most:
                return step * power
        power *= 10
