"""How the benchmarks judge what they measured."""

import pytest

from tests.bench.measure import Goal, Row, Turns, middle_half, percentile
from tests.bench.report import table


def row(ratio: float, goal: Goal, **checks: bool) -> Row:
    return Row("append", 1.0, "commits/s", ratio=ratio, goal=goal, checks=checks)


@pytest.mark.parametrize(
    ("ratio", "goal", "verdict"),
    [
        (0.8, Goal(0.8), "reached"),
        (0.75, Goal(0.8), "missed by 0.05"),
        (2.0, Goal(2, at_most=True), "reached"),
        (2.73, Goal(2, at_most=True), "missed by 0.73"),
    ],
)
def test_a_goal_is_reached_or_missed_by_an_amount(ratio: float, goal: Goal, verdict: str) -> None:
    assert row(ratio, goal).verdict == verdict


def test_a_check_that_does_not_hold_spoils_a_goal_that_is_reached() -> None:
    assert row(1, Goal(0.8), light=True, dry=False).verdict == "not so: dry"


def test_a_ratio_is_the_median_of_the_ratios_of_rounds() -> None:
    ours, base = iter((10.0, 30.0, 8.0)), iter((10.0, 10.0, 10.0))
    turns = Turns(ours=lambda: next(ours), base=lambda: next(base))
    turns.run(3)
    found = turns.row("r", "ours", "base", unit="x")
    assert (found.ratio, found.middle_half) == (1.0, (0.9, 2.0))


def test_one_value_is_its_own_middle_half() -> None:
    assert middle_half([3.0]) == (3.0, 3.0)


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([4, 1, 3, 2], share) for share in (0, 0.5, 0.99)] == [1, 3, 4]


def test_a_missed_goal_is_said_in_the_table() -> None:
    assert "missed by 0.05" in table([row(0.75, Goal(0.8))])
