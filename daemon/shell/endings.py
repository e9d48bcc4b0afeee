"""Why an incarnation of the core ends, so that the next one begins from the log."""

from __future__ import annotations

from eventstore.errors import Damaged, Unavailable


def begins_anew() -> Unavailable:
    """A tail was set aside (B3)."""
    return Unavailable(
        "V-5-1-9135",
        "what differs was set aside",
        cause="the daemon begins anew from what is left of its log",
        fix="ask again",
        rule="B3",
    )


def state_is_behind(why: str) -> Unavailable:
    """The log was caught up past the state in memory (C3)."""
    return Unavailable(
        "V-5-1-9200",
        "the daemon begins anew from its log, which was caught up",
        cause=why,
        fix="ask again",
        rule="C3",
    )


def does_not_hold(error: Damaged) -> Unavailable:
    """What is in memory or on the disk contradicts itself (G3)."""
    return Unavailable(
        "V-5-1-9136",
        error.message,
        cause=error.cause,
        fix="the daemon begins anew from its log; 'vx verify --replay' tells whether that holds",
        rule="G3",
    )
