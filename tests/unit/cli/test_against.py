"""Two chains of hashes: the first position that differs, whatever it is."""

from __future__ import annotations

import pytest

from cli.against import first_difference


@pytest.mark.parametrize("common", [1, 2, 7, 64])
def test_the_first_position_that_differs_is_found(common: int) -> None:
    for first in range(1, common + 1):
        asked: list[int] = []

        def theirs(position: int, first: int = first, asked: list[int] = asked) -> str:
            asked.append(position)
            return f"{position}" if position < first else f"{position} of another"

        assert first_difference(str, theirs, common) == first
        assert len(asked) <= common.bit_length() + 1


def test_what_is_the_same_or_empty_does_not_differ() -> None:
    assert first_difference(str, str, 9) is None
    assert first_difference(str, lambda _: "never asked", 0) is None
