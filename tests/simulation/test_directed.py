"""Directed cases: each ends well as the core is, and badly without the defence it is about."""

from __future__ import annotations

import pytest

from tests.simulation.checks import Violation
from tests.simulation.directed import CASES, Case, Plant


@pytest.mark.parametrize("case", [case for case, _plant in CASES], ids=lambda c: c.__name__)
def test_a_directed_case_ends_well(case: Case) -> None:
    case()


@pytest.mark.parametrize(("case", "plant"), CASES, ids=lambda c: c.__name__)
def test_without_its_defence_it_ends_badly(
    case: Case, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises((Violation, AssertionError)):
        case()
