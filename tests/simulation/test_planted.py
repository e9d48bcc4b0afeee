"""The simulator finds each defence that is missing: a checker that cannot fail proves nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.simulation.planted import PLANTED
from tests.simulation.run import run

SEEDS = 60
"""Within so many lives each is found; the slowest needed 27."""


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_missing_defence_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert any(run(seed).violation for seed in range(SEEDS))
