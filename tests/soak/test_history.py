"""The checks of a soak's history find what they are for: planted violations."""

from __future__ import annotations

import pytest

from tests.soak.history import (
    Act,
    Log,
    diverged,
    gone_back,
    lost_or_invented,
    misread,
    out_of_order,
    searched,
)

MADE = Act("make", "v", 1, 2, "done", 100, 7, "r1")
GROWN = Act("grow", "v", 3, 4, "done", 5, 8, "r2")
LOG = Log({7: (b"a", "r1"), 8: (b"b", "r2"), 9: (b"c", "node1@4.9")}, frozenset({"r3"}))


def current(length: int, invoked: float, returned: float, position: int = 0) -> Act:
    return Act("current", "v", invoked, returned, "seen", length, position)


GOOD: dict[str, list[Act]] = {
    "what was made and grown is read": [MADE, GROWN, current(105, 5, 6)],
    "a read beside a change sees either": [MADE, GROWN, current(100, 3, 6)],
    "a refusal says what was there": [MADE, Act("make", "v", 3, 4, "refused", 9)],
    "what was removed can be made again": [
        MADE,
        Act("remove", "v", 3, 4, "done"),
        current(0, 5, 6),
        Act("make", "v", 7, 8, "done", 3),
        current(3, 9, 10),
    ],
    "an unknown change may show": [
        MADE,
        Act("grow", "v", 3, None, "unknown", 5),
        current(105, 5, 6),
    ],
    "an unknown change may not show": [
        MADE,
        Act("grow", "v", 3, None, "unknown", 5),
        current(100, 5, 6),
    ],
    "a failed one has no effect": [MADE, Act("grow", "v", 3, 4, "failed", 5), current(100, 5, 6)],
}

BAD: dict[str, list[Act]] = {
    "a stale current read": [MADE, GROWN, current(100, 5, 6)],
    "a lost acknowledgement": [MADE, current(0, 3, 4)],
    "a read of what nobody made": [current(100, 1, 2)],
    "a read that goes back": [
        MADE,
        GROWN._replace(returned=9),
        current(105, 4, 5),
        current(100, 6, 7),
    ],
    "a failed change that shows": [MADE, Act("grow", "v", 3, 4, "failed", 5), current(105, 5, 6)],
    "a refusal of what was free": [Act("make", "v", 1, 2, "refused", 9)],
    "a refusal of what was there": [MADE, Act("grow", "v", 3, 4, "refused", 5)],
    "two that made the same": [MADE, MADE._replace(request="r9")],
}


@pytest.mark.parametrize("acts", GOOD.values(), ids=GOOD)
def test_a_history_with_an_order_is_linearizable(acts: list[Act]) -> None:
    assert searched(acts).outcome == "linearizable"


@pytest.mark.parametrize("acts", BAD.values(), ids=BAD)
def test_a_planted_anomaly_is_found(acts: list[Act]) -> None:
    verdict = searched(acts)
    assert (verdict.is_bad, verdict.object) == (True, "v")


def test_positions_that_contradict_real_time_are_found() -> None:
    fresh = current(105, 5, 6, 8)
    assert out_of_order([MADE, GROWN, fresh]) == []
    assert len(out_of_order([MADE, GROWN, fresh._replace(position=7)])) == 1
    assert len(out_of_order([MADE, GROWN._replace(position=7), fresh])) == 1
    assert len(out_of_order([MADE, fresh, Act("grow", "v", 7, 8, "done", 1, 8, "r9")])) == 1


def test_a_conversation_that_goes_back_is_found() -> None:
    acts = [current(100, 1, 2, 7), current(105, 3, 4, 8)]
    assert gone_back(acts) == []
    assert len(gone_back(acts[::-1])) == 1


def test_a_read_that_the_log_does_not_give_is_found() -> None:
    reads = [Act("read", "v", 9, 9, "seen", 100, 7), Act("read", "v", 9, 9, "seen", 105, 12)]
    assert misread([MADE, GROWN, *reads]) == []
    assert len(misread([MADE, GROWN, reads[0]._replace(position=8)])) == 1
    assert len(misread([GROWN, *reads])) == 3


def test_a_diverged_log_is_found() -> None:
    other = Log({**LOG.commits, 8: (b"x", "r2")})
    shorter = Log({7: (b"a", "r1"), 8: (b"b", "r2")})
    holey = Log({7: (b"a", "r1"), 9: (b"c", "node1@4.9")})
    assert diverged({"node1": LOG, "node2": LOG, "node3": shorter}) == []
    assert [one[:3] for one in diverged({"node1": LOG, "node2": other})] == ["@8:"]
    assert [one[:3] for one in diverged({"node1": LOG, "node2": holey})] == ["@8:"]


TOLD: dict[str, Act] = {
    "lost": Act("make", "v", 1, 2, "done", 9, 7, "gone"),
    "elsewhere": MADE._replace(position=6),
    "rejected, and there": MADE._replace(heard="rejected", position=0),
    "failed, and there": MADE._replace(heard="failed", position=0),
    "never recorded as failed": Act("make", "v", 1, 2, "failed", 9, 0, "r4"),
    "done, and recorded as failed": Act("make", "v", 1, 2, "rejected", 9, 0, "r3"),
}


@pytest.mark.parametrize("act", TOLD.values(), ids=TOLD)
def test_what_a_log_contradicts_is_found(act: Act) -> None:
    assert lost_or_invented([MADE, GROWN], LOG) == []
    assert len(lost_or_invented([act], LOG)) == 1


def test_what_is_committed_twice_is_found() -> None:
    twice = Log({7: (b"a", "r1"), 8: (b"b", "r1")})
    assert lost_or_invented([], twice) == ["r1 is committed 2 times"]
