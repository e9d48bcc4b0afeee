"""Two chains of hashes: the first position that differs, whatever it is."""

from __future__ import annotations

import math

import pytest

from cli.against import AT_ONCE, first_difference


def same(positions: list[int]) -> dict[int, str]:
    return {position: str(position) for position in positions}


@pytest.mark.parametrize("common", [1, 2, 7, 64, 1000])
def test_the_first_position_that_differs_is_found(common: int) -> None:
    for first in range(1, common + 1):
        asked: list[list[int]] = []

        def theirs(
            positions: list[int], first: int = first, asked: list[list[int]] = asked
        ) -> dict[int, str]:
            asked.append(positions)
            return {at: f"{at}" if at < first else f"{at} of another" for at in positions}

        assert first_difference(same, theirs, 1, common) == first
        assert max(map(len, asked)) <= AT_ONCE
        assert len(asked) <= 3 + math.log(common, AT_ONCE)


def test_what_is_the_same_does_not_differ() -> None:
    assert first_difference(same, same, 1, 9) is None


def test_a_slice_is_compared_from_where_it_begins() -> None:
    assert first_difference(same, lambda at: dict.fromkeys(at, "another"), 5, 9) == 5
