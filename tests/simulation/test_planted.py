"""The simulator finds each defence that is missing: a checker that cannot fail proves nothing."""

from __future__ import annotations

import pytest

from tests.simulation.sharpness import BY_NAME, IN_CASES, noticed, recorded, search

AT_LEAST = 15


@pytest.mark.timeout(900)  # a search through lives, where a seed leads elsewhere
@pytest.mark.parametrize("name", BY_NAME)
def test_a_missing_defence_is_noticed_in_the_recorded_life_or_soon(name: str) -> None:
    # After a change of the core a seed may lead elsewhere: then it is searched for anew.
    seed = recorded().get(name)
    assert (seed is not None and noticed(name, seed)) or search(name).where is not None


def test_enough_defences_are_taken_away() -> None:
    assert len(BY_NAME) + len(IN_CASES) >= AT_LEAST
