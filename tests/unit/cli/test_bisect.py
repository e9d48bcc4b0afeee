"""Halving finds the first bad commit, with as few states as halving takes."""

from collections.abc import Callable
from math import ceil, log2

from hypothesis import given, strategies as st

from cli.bisect import SKIP, search

NONE: frozenset[int] = frozenset()


def verdicts(
    first_bad: int, skipped: frozenset[int] = NONE
) -> tuple[list[int], Callable[[int], int]]:
    asked: list[int] = []

    def test(position: int) -> int:
        asked.append(position)
        return SKIP if position in skipped else int(position >= first_bad)

    return asked, test


@given(st.data(), st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_first_bad_commit_costs_log2_of_what_is_between(
    data: st.DataObject, good: int, between: int
) -> None:
    first_bad = data.draw(st.integers(good + 1, good + between))
    asked, test = verdicts(first_bad)
    found = search(good, good + between, test)
    assert (found.is_decided, found.bad, found.good) == (True, first_bad, first_bad - 1)
    assert len(asked) <= ceil(log2(between))


@given(st.data(), st.integers(2, 40))
def test_where_states_are_skipped_what_is_left_holds_the_first_bad_one(
    data: st.DataObject, between: int
) -> None:
    first_bad = data.draw(st.integers(1, between))
    skipped = data.draw(st.frozensets(st.integers(1, between - 1)))
    asked, test = verdicts(first_bad, skipped)
    found = search(0, between, test)
    assert found.good < first_bad <= found.bad
    assert set(range(found.good + 1, found.bad)) <= skipped
    assert len(asked) == len(set(asked))


def test_neighbours_need_no_state() -> None:
    asked, test = verdicts(8)
    assert search(7, 8, test).bad == 8
    assert asked == []
