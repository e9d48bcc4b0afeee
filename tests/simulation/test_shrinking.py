"""A failing life becomes smaller, and stays the same failure, within its budget."""

from __future__ import annotations

import pytest

from tests.simulation.planted import a_majority_decides
from tests.simulation.run import Shape, run
from tests.simulation.sharpness import recorded
from tests.simulation.shrinking import Shrinking, described

BUDGET = 60


def test_a_failing_life_is_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    a_majority_decides(monkeypatch)
    seed = recorded()[a_majority_decides.__name__]
    whole = run(seed)
    shrinking = Shrinking(seed, BUDGET)
    smallest = shrinking.search()
    assert smallest.violation.partition(":")[0] == whole.violation.partition(":")[0]
    assert (smallest.nodes, len(smallest.struck)) < (whole.nodes, len(whole.struck))
    assert run(seed, shrinking.shape).story == smallest.story


def test_a_life_without_a_violation_costs_one_life() -> None:
    shrinking = Shrinking(0, BUDGET, Shape(until_ms=100))
    shrinking.search()
    assert shrinking.left == BUDGET


def test_what_is_left_out_is_said() -> None:
    assert described(Shape()) == "all of it"
    assert described(Shape(nodes=3, off=frozenset({"kill"}))) == "nodes=3, off=['kill']"
