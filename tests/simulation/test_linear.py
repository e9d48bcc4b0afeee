"""The search for one sequential order finds it where there is one, and only there (I12)."""

from __future__ import annotations

from random import Random

import pytest

from tests.simulation import clients
from tests.simulation.linear import out_of_order, searched
from tests.support.linear import Operation, check

Ops = list[Operation]


def reads(value: str, invoked: float, returned: float | None) -> Operation:
    return Operation("read", "x", value, invoked, returned)


def writes(value: str, invoked: float, returned: float | None) -> Operation:
    return Operation("write", "x", value, invoked, returned)


def swaps(before: str, value: str, invoked: float, returned: float | None) -> Operation:
    return Operation("swap", "x", value, invoked, returned, before)


GOOD: dict[str, Ops] = {
    "one after the other": [writes("a", 1, 2), reads("a", 3, 4)],
    "a read beside a write may see either": [writes("a", 1, 9), reads("0", 2, 3)],
    "an unknown write may take effect late": [
        writes("a", 1, None),
        reads("0", 2, 3),
        reads("a", 4, 5),
    ],
    "an unknown write may take no effect": [writes("a", 1, None), reads("0", 2, 3)],
    "swaps chain": [swaps("a", "b", 1, 9), swaps("0", "a", 2, 8), reads("b", 10, 11)],
    "a failed one has none": [Operation("failed", "x", "z", 1, 2), reads("0", 3, 4)],
    "objects are independent": [writes("a", 1, 2), Operation("read", "y", "", 3, 4)],
}

BAD: dict[str, Ops] = {
    "a stale read": [writes("a", 1, 2), reads("0", 3, 4)],
    "a lost write": [writes("a", 1, 2), writes("b", 3, 4), reads("a", 5, 6)],
    "a read of what nobody wrote": [reads("z", 1, 2)],
    "a read that goes back": [writes("a", 1, 9), reads("a", 2, 3), reads("0", 4, 5)],
    "an aborted write that shows": [Operation("failed", "x", "z", 1, 2), reads("z", 3, 4)],
    "two swaps of one value": [swaps("0", "a", 1, 9), swaps("0", "b", 2, 8)],
    "a swap of an old value": [writes("a", 1, 2), swaps("0", "b", 3, 4)],
    "an unknown write that shows before it began": [reads("a", 1, 2), writes("a", 3, None)],
}


@pytest.mark.parametrize("history", GOOD.values(), ids=GOOD)
def test_a_history_with_an_order_is_linearizable(history: Ops) -> None:
    assert check(history, {"x": "0"}).outcome == "linearizable"


@pytest.mark.parametrize("history", BAD.values(), ids=BAD)
def test_a_planted_anomaly_is_found_and_named(history: Ops) -> None:
    verdict = check(history, {"x": "0"})
    assert (verdict.is_bad, verdict.object, bool(verdict.stuck)) == (True, "x", True)


def a_long_history(random: Random, length: int, clients: int) -> Ops:
    """Operations that take effect one after the other, each within its interval."""
    free, value = [0.0] * clients, "0"
    made: Ops = []
    at = 0.0
    for turn in range(length):
        client = random.randrange(clients)
        invoked = free[client] + random.random()
        at = max(at, invoked) + random.random() / 10
        returned = free[client] = at + random.random()
        if random.random() < 0.5:
            made.append(reads(value, invoked, returned))
        else:
            made.append(swaps(value, str(turn), invoked, returned))
            value = str(turn)
    return made


@pytest.mark.parametrize("seed", range(5))
def test_a_long_history_is_searched_within_the_budget(seed: int) -> None:
    history = a_long_history(Random(seed), 2000, 5)
    assert check(history, {"x": "0"}).outcome == "linearizable"
    planted = reads("never", history[-1].invoked, history[-1].returned)
    assert check([*history, planted], {"x": "0"}).is_bad


def test_a_search_that_takes_too_long_says_so() -> None:
    history = [writes(str(turn), 0, 9) for turn in range(20)]
    assert check([*history, reads("z", 10, 11)], {"x": "0"}, budget=1000).outcome == "undecided"


STALE = [
    clients.Operation(1, 2, "write", "dg0", "d1", "d0", 5),
    clients.Operation(3, 4, "read", "dg0", "d0", "", 4),
]


def test_a_stale_read_of_a_life_is_found_by_position_and_by_search() -> None:
    assert out_of_order(STALE)
    assert searched(STALE).is_bad
    fresh = [STALE[0], STALE[1]._replace(value="d1", position=5)]
    assert (out_of_order(fresh), searched(fresh).outcome) == ("", "linearizable")
