"""Going on from a cursor: exactly behind it, in the log that it is of, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from eventstore.errors import NotFound, Rejected
from eventstore.past import resuming
from tests.support.past import Past

OTHER = "0" * 32


def _resume(past: Past, *places: dict[str, Any], count: int = 256) -> dict[str, Any]:
    found: dict[str, Any] = past.data("resume", places=places, n=count)
    return found


@pytest.mark.parametrize("count", [1, 3, 256])
def test_a_cursor_is_gone_on_from_exactly(past: Past, count: int) -> None:
    places: list[dict[str, Any]] = [{"log": None, "position": 0}]
    told: list[int] = []
    while (look := _resume(past, *places, count=count))["rows"]:
        told += [row["position"] for row in look["rows"]]
        places = look["places"]
    assert told == list(range(1, places[0]["head"] + 1))


def test_a_row_tells_the_cursor_behind_it(past: Past) -> None:
    look = _resume(past, {"log": None, "position": 0}, count=5)
    keys = ("log", "position", "lineage", "hash")
    assert {k: look["rows"][-1][k] for k in keys} == {k: look["places"][0][k] for k in keys}


def test_a_cursor_of_another_log_or_of_another_history_is_refused_by_name(past: Past) -> None:
    place = _resume(past, {"log": None, "position": 0}, count=5)["places"][0]
    for wrong in ({"lineage": OTHER}, {"hash": OTHER * 2}):
        with pytest.raises(NotFound, match="never had the commit of the cursor @5") as refused:
            _resume(past, place | wrong)
        assert refused.value.id == "V-5-1-9300"


def test_a_cursor_of_another_node_s_own_log_is_refused_by_name(past: Past) -> None:
    with pytest.raises(NotFound, match="node/elsewhere cannot be followed here"):
        _resume(past, {"log": "node/elsewhere", "position": 3})
    with pytest.raises(NotFound, match="from two places"):
        _resume(past, {"log": None, "position": 3}, {"log": "node", "position": 3})


def test_a_cursor_ahead_of_the_log_is_waited_for_and_a_plain_position_is_not(past: Past) -> None:
    place = _resume(past, {"log": None, "position": 0})["places"][0]
    later = place | {"position": place["head"] + 1, "hash": OTHER * 2}
    look = _resume(past, later)
    assert (look["rows"], look["places"][0]["ahead"]) == ([], True)
    assert look["places"][0]["hash"] == later["hash"]
    with pytest.raises(NotFound, match="has no commit"):
        _resume(past, {"log": None, "position": later["position"]})


def test_a_node_alone_follows_its_own_log_where_both_are_asked_for(past: Past) -> None:
    look = past.data("resume", both=True)
    assert [place["log"] for place in look["places"]] == [past.source.readers["node"].name]


def test_what_is_no_place_is_refused(past: Past) -> None:
    with pytest.raises(Rejected):
        _resume(past, {"log": 7})


def _rows(shared: int, applied: list[int]) -> tuple[list[Any], list[Any]]:
    return (
        [{"log": "shared", "position": n + 1} for n in range(shared)],
        [
            {"log": "node", "position": n + 1, "shared_position": at}
            for n, at in enumerate(sorted(applied))
        ],
    )


@given(
    st.integers(0, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n), max_size=12))
    ),
    st.integers(1, 5),
)
def test_both_logs_are_woven_in_one_order_whatever_the_pieces(
    logs: tuple[int, list[int]], count: int
) -> None:
    shared, own = _rows(*logs)
    told: list[Any] = []
    a = b = 0
    while a < len(shared) or b < len(own):
        rows = resuming._merged(shared[a : a + count], own[b : b + count], count)
        assert rows
        told += rows
        a = sum(row["log"] == "shared" for row in told)
        b = len(told) - a
    assert told == resuming._merged(shared, own, 99)
    applied = 0
    for row in told:
        assert row.get("shared_position", applied) == applied
        applied = row["position"] if row["log"] == "shared" else applied
