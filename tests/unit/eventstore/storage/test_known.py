"""What is remembered of an index is what is in it, or nothing."""

from __future__ import annotations

from hypothesis import given, strategies as st

from eventstore.storage.known import RANGE_ROWS_MAX, ROWS_MAX, KnownRanges, Place

KEYS = st.integers(0, 20)
ROWS = st.lists(st.tuples(KEYS, st.integers(1, 5)), max_size=40)
BOUND = st.tuples(KEYS, st.integers(0, 5))


def between(rows: set[Place], low: Place, high: Place) -> list[Place]:
    return sorted(row for row in rows if low <= row < high)


@given(ROWS, st.lists(st.tuples(BOUND, BOUND, ROWS), max_size=6))
def test_what_is_known_is_what_is_there(
    first: list[Place], steps: list[tuple[Place, Place, list[Place]]]
) -> None:
    known, there = KnownRanges(), set(first)
    for one, other, entered in steps:
        low, high = min(one, other), max(one, other)
        if low < high:
            known.keep(low, high, between(there, low, high))
        known.add(sorted(entered))
        there |= set(entered)
        for key in range(21):
            found = known.positions(key)
            assert found in (None, [at for row, at in sorted(there) if row == key])


def test_a_range_is_known_up_to_its_bounds_and_no_further() -> None:
    known = KnownRanges()
    known.keep((3, 0), (5, 7), [(3, 1), (4, 2), (4, 9)])
    assert [known.positions(key) for key in (2, 3, 4, 5)] == [None, [1], [2, 9], None]


def test_what_is_known_is_bounded() -> None:
    known = KnownRanges()
    known.keep((0, 0), (1, 0), [(0, 1)])
    known.keep((1, 0), (2, 0), [(1, at) for at in range(ROWS_MAX)])
    assert known.positions(0) is None


def test_a_range_that_grew_long_is_not_known_any_more() -> None:
    known = KnownRanges()
    known.keep((0, 0), (9, 0), [])
    known.add([(1, at) for at in range(RANGE_ROWS_MAX)])
    assert known.positions(2) == []
    known.add([(3, 1)])
    assert known.positions(2) is None
