"""Comparing two ways of doing one thing on a machine that is shared and never steady.

Absolute figures drift by a factor of two within minutes, and a flush by ten. So contenders run in
turns, in rounds of some tens of milliseconds; a ratio is taken inside each round, and the median
of the rounds is reported with the middle half of them.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from msgspec import Struct

from tests.bench.quiet import watch


class Goal(Struct, frozen=True):
    """A ratio to reach: at least `value`, or at most if `at_most`."""

    value: float
    at_most: bool = False

    def missed_by(self, ratio: float) -> float:
        """Return the distance to the goal; zero or less if it is reached."""
        return ratio - self.value if self.at_most else self.value - ratio

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.value:g}"


class Row(Struct, frozen=True):
    """One line of the report: two medians in `unit`, and the ratio of the first to the second.

    Rows for information have no goal, and mostly neither base nor ratio.
    """

    name: str
    ours: float
    unit: str
    base: float | None = None
    base_is: str = ""
    ratio: float | None = None
    middle_half: tuple[float, float] | None = None
    goal: Goal | None = None
    checks: dict[str, bool] = {}
    details: dict[str, Any] = {}

    @property
    def verdict(self) -> str:
        """Whether the goal is reached, and if not, by how much it is missed."""
        if self.goal is None or self.ratio is None:
            return "for information"
        said = [f"not so: {what}" for what, holds in self.checks.items() if not holds]
        missed = self.goal.missed_by(self.ratio)
        if missed > 0:
            said.insert(0, f"missed by {missed:.2f}")
        return "; ".join(said) or "reached"


class Turns:
    """The figures of contenders that ran in turns, round by round."""

    def __init__(self, **contenders: Callable[[], float]) -> None:
        self._contenders = contenders
        self.figures: dict[str, list[float]] = {name: [] for name in contenders}

    def run(self, rounds: int) -> None:
        """Let each run once a round, in an order that is turned around every time."""
        order = list(self._contenders.items())
        for _ in range(rounds):
            watch.wait()
            for name, contender in order:
                gc.collect()
                self.figures[name].append(contender())
            order.reverse()

    def median(self, name: str) -> float:
        """Return the median of a contender's figures."""
        return median(self.figures[name])

    def row(self, name: str, ours: str, base: str, *, unit: str, **rest: Any) -> Row:
        """Return the row that compares two of the contenders."""
        pairs = zip(self.figures[ours], self.figures[base], strict=True)
        ratios = [mine / theirs for mine, theirs in pairs]
        return Row(
            name,
            self.median(ours),
            unit,
            base=self.median(base),
            ratio=median(ratios),
            middle_half=middle_half(ratios),
            **rest,
        )


def middle_half(values: Sequence[float]) -> tuple[float, float]:
    """Return the lower and the upper quartile."""
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that `share` of all do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def rate(count: int, work: Callable[[], object]) -> float:
    """Return how many of `count` things are done in a second."""
    begin = perf_counter()
    work()
    return count / (perf_counter() - begin)
