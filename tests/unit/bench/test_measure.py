"""How the benchmarks judge what they measured."""

from pathlib import Path

import pytest

from tests.bench.measure import Goal, Row, Turns, middle_half, percentile
from tests.bench.plots import draw, over_length
from tests.bench.report import markdown, table


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


def test_the_page_has_a_line_for_each_row_and_shows_each_picture() -> None:
    page = markdown([row(0.9, Goal(0.8))], ["busy"], [Path("build/a.png")]).splitlines()
    assert page[2] == "| append | 1 |  | commits/s | 0.90 | >= 0.8 | reached |"
    assert "busy" in page
    assert page[-1] == "![a](a.png)"


def test_rows_with_the_same_title_share_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = [row(1, Goal(1)), row(1, Goal(1)), row(1, Goal(1))]
    for name, each in zip("ab", rows, strict=False):
        each.details["curves"] = over_length(name, [(1, 1, ""), (10, 2, "")])
    assert [path.stat().st_size > 0 for path in draw(rows, tmp_path)] == [True]
